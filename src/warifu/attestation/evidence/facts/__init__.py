"""The facts each evidence format can prove, as frozen types."""
