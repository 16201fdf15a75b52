"""Our own keys: by purpose, rotated, sealed, published. What is signed is not known here."""
