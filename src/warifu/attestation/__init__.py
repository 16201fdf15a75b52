"""Bytes from a device in, proved facts out."""
