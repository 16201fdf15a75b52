"""Bytes to values and back. Decoders here trust nothing and know no evidence format."""
