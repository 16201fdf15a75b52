"""Receipts: one file that shows what was approved, by whom, with what, and that it was recorded."""
