"""Users' devices: activating them, and what becomes of them afterwards."""
