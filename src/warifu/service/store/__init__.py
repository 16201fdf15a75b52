"""What is kept: one contract over SQLite and PostgreSQL; the tenant leads every key."""
