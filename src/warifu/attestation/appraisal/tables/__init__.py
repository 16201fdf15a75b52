"""The requirements, one table per submodule."""
