"""Coverage-guided fuzzing. The invariant: any bytes give a value or one error of the tree."""
