"""Jobs that run beside verifications, never inside them."""
