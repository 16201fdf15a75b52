"""Received bytes to typed values, trusting nothing: what the verifiers read before they judge."""
