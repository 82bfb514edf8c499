"""What is moved in a Kubernetes cluster: each kind of object in a module, `lever.py` picks one by the binding."""
