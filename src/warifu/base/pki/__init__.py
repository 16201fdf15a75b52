"""Certificates as phones really make them, paths through them, and signatures under them."""
