"""What is shipped as data: the clocks of authorities."""
