"""One file per evidence format: verify it, return its claims, or refuse with the rule it breaks."""
