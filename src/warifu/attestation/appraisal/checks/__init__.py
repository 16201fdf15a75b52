"""What each requirement looks at: one file per submodule, one function per requirement."""
