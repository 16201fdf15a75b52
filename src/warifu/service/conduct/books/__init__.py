"""The books: leaves written with what they tell of, the sequencer that places them, receipts."""
