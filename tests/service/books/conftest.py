"""The confirming bank's fixtures, on each database."""

from tests.service.confirming.conftest import clock, counter, trust

__all__ = ["clock", "counter", "trust"]
