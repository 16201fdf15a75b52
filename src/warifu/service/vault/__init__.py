"""What is kept about devices and people, encrypted so that it can be erased for good."""
