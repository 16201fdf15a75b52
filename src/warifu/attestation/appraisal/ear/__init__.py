"""EAT attestation results (draft-ietf-rats-ear): writing ours, reading others'."""
