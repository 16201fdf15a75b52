"""Wire vectors for implementers in other languages, made from fixed keys: the same on every run."""
