"""Transactions that people confirm: asked, claimed, answered once, handed off once."""
