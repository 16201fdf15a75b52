"""Files and networks, each behind one small module."""
