"""What may go wrong, and what may therefore be done."""
