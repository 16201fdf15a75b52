"""Rule sets tried on what was decided, and reports of what they would change."""
