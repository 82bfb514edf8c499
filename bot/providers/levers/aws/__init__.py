"""What is moved in AWS: each kind of thing in a module, `lever.py` picks one by the binding."""
