"""Rules over typed facts: serve, step up, limit or refuse, each with its reasons."""
