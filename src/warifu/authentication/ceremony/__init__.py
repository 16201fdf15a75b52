"""One challenge, one answer, once, in time, bound to its context: tables without storage."""
