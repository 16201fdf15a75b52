"""The mutation sweep: every byte of accepted evidence is changed, and each mutant judged again."""
