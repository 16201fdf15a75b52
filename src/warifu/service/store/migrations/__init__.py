"""Changes of the tables, oldest first; each works beside the release before it."""
