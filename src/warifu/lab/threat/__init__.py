"""Searches over the threat model with clingo: attacks, defences, and orders of two sessions.

Needs the extra ``warifu[lab]``.
"""
