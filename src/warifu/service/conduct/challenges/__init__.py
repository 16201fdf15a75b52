"""Challenges, and what they are bound to."""
