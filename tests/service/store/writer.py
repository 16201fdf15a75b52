"""A process that writes until it is killed, and says what was acknowledged.

Usage: python writer.py URL
"""

import os
import sys
import uuid
from threading import Thread

from warifu.base.errors import VerifierFault
from warifu.service.store.database import Database, Statement
from warifu.service.store.opening import open_database

THREADS = 4
PARTS = 5
TENANT = "t"
INSERT = (
    "INSERT INTO audit (tenant, id, at, caller, action, subject, document)"
    " VALUES (:tenant, :id, :at, :caller, :action, :subject, :document)"
)


def entry(name: str, part: int) -> Statement:
    """One of the parts of what is written together."""
    values: dict[str, str | int | bytes | None] = {
        "tenant": TENANT,
        "id": f"{name}/{part}",
        "at": part,
        "caller": "writer",
        "action": "test/written",
        "subject": name,
        "document": name.encode() * 100,
    }
    return Statement(sql=INSERT, values=values)


def write(database: Database) -> None:
    while True:
        name = str(uuid.uuid4())
        try:
            database.apply([entry(name, part) for part in range(PARTS)])
        except VerifierFault:  # the server went away
            continue
        os.write(1, f"{name}\n".encode())


if __name__ == "__main__":
    opened = open_database(sys.argv[1])
    for _ in range(THREADS):
        Thread(target=write, args=(opened,)).start()
