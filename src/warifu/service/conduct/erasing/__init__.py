"""Erasing what is kept about a device."""
