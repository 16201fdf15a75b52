"""The report: one self-contained page with all that the model says, for people."""

from __future__ import annotations

from warifu.lab.threat.report.page import build_report

__all__ = ["build_report"]
