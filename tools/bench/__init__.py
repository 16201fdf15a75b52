"""Measuring each verification against its floor and against the peers on the index."""
