"""What we believe, as of a time: anchors, revocation, metadata, boot keys. Fetches nothing."""
