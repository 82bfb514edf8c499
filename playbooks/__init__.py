"""What we do when it breaks: the pure core."""
