"""User authentication: who is there, judged by a terminal or by us."""
