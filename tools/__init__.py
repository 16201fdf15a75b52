"""What developers run: documentation, benchmarks, fuzzing. Not part of the installed package."""
