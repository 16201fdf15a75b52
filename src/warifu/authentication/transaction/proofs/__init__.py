"""One file for each kind of proof that a person answered: verify it, return a confirmation."""
