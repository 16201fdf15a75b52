"""``warifu threat``: what malware can do to each form, what helps, and what a weakness breaks."""

from __future__ import annotations

from cyclopts import App

from warifu.cli.threat.advise import advise
from warifu.cli.threat.explain import explain
from warifu.cli.threat.export import export
from warifu.cli.threat.impact import impact
from warifu.cli.threat.report import report
from warifu.cli.threat.table import table


def make_app() -> App:
    """The commands under ``warifu threat``."""
    app = App(name="threat", help="The threat model: what holds against whom, why, what helps.")
    app.command(table)
    app.command(explain)
    app.command(advise)
    app.command(impact)
    app.command(export)
    app.command(report)
    return app
