"""Looking up what is kept, and what anyone may know."""
