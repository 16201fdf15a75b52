"""The bench of confirmations: what it counts, what it holds a server to, what it writes down."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tools.bench.confirmation_page import CallRow, PeerRow, Row, page, plain, plain_peer
from tools.bench.counting import CountingDatabase
from tools.bench.customers import require_approved
from tools.bench.load import OK, drive, request
from warifu.service.store import sqlite
from warifu.service.store.database import Statement
from warifu.service.store.sqlite import open_sqlite

ROOT = Path(__file__).resolve().parents[2]
CALL = CallRow(
    name="answer",
    statements=14,
    octets=6700,
    rate=100,
    p50_ms=1,
    p99_ms=2,
    cpu_ms=3,
    ceiling_rate=200,
    ceiling_p50_ms=1,
    ceiling_p99_ms=2,
    ceiling_cpu_ms=1,
    share=0.5,
)


def row(store: str, share: float) -> Row:
    return Row(
        store=store,
        proof="WebAuthn",
        rate=120,
        ceiling_rate=200,
        one_rate=400,
        share=share,
        one_share=0.3,
        cpu_share=0.4,
        calls=(CALL,),
    )


PEER = PeerRow(version="3.14", proof="WebAuthn", rate=10, p50_ms=900, ours=120, times=12, wanted=50)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that all are waited for


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def echo() -> Iterator[int]:
    """A server on this port that answers each request with its own body."""
    with Server(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(10)


def test_answers_come_in_the_order_of_their_requests(echo: int) -> None:
    bodies = [b"%d" % number for number in range(50)]
    load = drive(echo, [request("/", each, None) for each in bodies], connections=4, status=OK)
    assert list(load.answers) == bodies
    assert all(latency > 0 for latency in load.latencies)


def test_an_answer_with_another_status_is_not_measured(echo: int) -> None:
    with pytest.raises(RuntimeError):
        drive(echo, [request("/", b"x", None)], connections=1)


def test_only_approved_transactions_are_confirmations() -> None:
    require_approved([b'{"state":"approved"}'])
    with pytest.raises(RuntimeError):
        require_approved([b'{"state":"approved"}', b'{"state":"failed"}'])


def test_each_statement_of_a_commit_is_counted_with_its_octets(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    with sqlite.connect(path, create=True) as connection:
        connection.execute("CREATE TABLE one (name TEXT, number INTEGER, body BLOB)")
    database = open_sqlite(path)
    counting = CountingDatabase(database)
    insert = "INSERT INTO one VALUES (:name, :number, :body)"
    counting.apply(
        [
            Statement(sql=insert, values={"name": "花", "number": 1, "body": b"abcd"}),
            Statement(sql=insert, values={"name": None, "number": 1, "body": None}),
        ]
    )
    assert counting.commits == [(3 + 8 + 4, 8)]
    assert counting.row("SELECT COUNT(*) FROM one") == (2,)
    database.close()


def test_the_page_says_what_was_missed_on_postgresql_alone() -> None:
    rows = [row("SQLite", 0.1), row("PostgreSQL", 0.55)]
    text = page({"date": "today"}, rows, [PEER], connections=16, wanted=0.6)
    assert "0 of 1 rows meet it" in text
    assert "- Not met: WebAuthn on PostgreSQL: 55%." in text
    assert "Wanted is 50 times as many calls: 0 of 1 rows meet it." in text
    assert "<!--" not in text
    assert "55%" in plain(rows[1])
    assert "12 times" in plain_peer(PEER)


def test_a_run_without_the_peer_says_so() -> None:
    text = page({}, [row("PostgreSQL", 0.7)], [], connections=16, wanted=0.6)
    assert "1 of 1 rows meet it" in text
    assert "Not measured in this run." in text


@pytest.mark.slow
def test_a_quick_run_confirms_with_every_kind_of_proof() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tools.bench.confirmation", "--quick"),
            *("--store", "sqlite", "--customers", "8"),
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for proof in ("WebAuthn", "App Attest", "Android Protected Confirmation"):
        assert f"SQLite      {proof} " in done.stdout
