"""The append-only log: leaves, Merkle tree, signed checkpoints, proofs, and its one sequencer."""
