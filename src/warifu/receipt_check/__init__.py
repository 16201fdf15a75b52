"""Checking receipts offline, by code apart from what makes them: one error is not made twice."""
