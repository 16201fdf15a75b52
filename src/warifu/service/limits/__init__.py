"""How often anybody may ask, counted here or for all processes together."""
