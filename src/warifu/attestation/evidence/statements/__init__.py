"""One file per WebAuthn attestation statement format (WebAuthn L3 §8)."""
