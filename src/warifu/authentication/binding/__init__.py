"""User, device, app instance and key tied together: states as tables."""
