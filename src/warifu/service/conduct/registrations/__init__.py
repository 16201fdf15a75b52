"""Apps, their policies, tenants and callers, as they are registered and changed."""
