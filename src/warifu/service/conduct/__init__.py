"""What the service does, one use case a file: read, ask the core, commit once."""
