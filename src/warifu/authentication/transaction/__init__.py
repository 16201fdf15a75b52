"""What: the transaction, its one rendering, the signed answer, the receipt."""
