"""SQL that both databases understand alike, and that never forgets whose rows it touches."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import warifu.service.store
from warifu.service.store.migrations.versions import __path__ as versions

STORE = Path(warifu.service.store.__path__[0])
OWN_TABLES = {"tenants"}
"""Has a row for each tenant: those who run the service list it."""
BEYOND_TENANTS = {"backup.py", "tables.py", "schema.py", "migrate.py", "sqlite.py", "postgres.py"}
"""These work on the database as a whole."""
VERBS = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")
TABLE = re.compile(r"\b(?:FROM|INTO|JOIN|(?<!DO )UPDATE)\s+([a-z_{][\w.{}]*)")
EVERYTHING = r"\b(SELECT|RETURNING)\s+(\w+\.)?\*"
"""Columns that a migration adds must not appear in the answers of the release before."""
FOREIGN = (
    r"\bSERIAL\b", r"\bAUTOINCREMENT\b", "advisory_", r"\bLISTEN\b", r"\bNOTIFY\b",
    r"\bFOR UPDATE\b", r"\bILIKE\b", r"INSERT OR ", r"\bREPLACE INTO\b", r"\bNOW\(\)",
    "CURRENT_TIMESTAMP", r"\bPRAGMA\b", "::", r"\bJSONB\b", r"\browid\b", r"\bIFNULL\b", r"\?",
)  # fmt: skip


def statements() -> Iterator[tuple[str, str]]:
    """Every SQL text of the domains, with the place where it stands."""
    for path in sorted(STORE.glob("*.py")):
        if path.name not in BEYOND_TENANTS:
            tree = ast.parse(path.read_text("utf-8"))
            constants = {
                target.id: text_of(node.value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node, text in texts(tree):
                full = filled(text, constants)
                if VERBS.match(full.strip()):
                    yield f"{path.name}:{node.lineno}", full


def filled(text: str, constants: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: constants.get(found[1], found[0]), text)


def texts(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Outermost expressions that are text; docstrings are not."""
    if isinstance(tree, ast.Expr):
        tree = ast.Module(body=[], type_ignores=[]) if is_text(tree.value) else tree
    if isinstance(tree, ast.expr) and is_text(tree):
        yield tree, text_of(tree)
        return
    for child in ast.iter_child_nodes(tree):
        yield from texts(child)


def is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (is_text(node.left) or is_text(node.right))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.JoinedStr)


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value)
    return "{" + ast.unparse(node) + "}"


SQL = sorted(statements())


def test_there_are_statements() -> None:
    assert len(SQL) > 20


@pytest.mark.parametrize(("place", "sql"), SQL, ids=[place for place, _ in SQL])
def test_sql_names_the_tenant(place: str, sql: str) -> None:
    tables = set(TABLE.findall(sql))
    assert tables, sql
    if tables <= OWN_TABLES:
        return
    if sql.lstrip().startswith("INSERT"):
        assert re.search(r"INTO\s+\S+\s*\(\s*tenant\b", sql), sql
        assert re.search(r"(VALUES\b.*\(|SELECT\s+)\s*(:tenant|tenant)\b", sql), sql
    else:
        assert re.search(r"\bWHERE\s+(\w+\.)?tenant = :tenant\b", sql), sql


@pytest.mark.parametrize(("place", "sql"), SQL, ids=[place for place, _ in SQL])
def test_sql_is_portable(place: str, sql: str) -> None:
    for word in (*FOREIGN, EVERYTHING):
        assert not re.search(word, sql), (word, sql)


def test_migrations_use_no_sequences_and_keep_all_keys_by_tenant() -> None:
    for folder in versions:
        for path in Path(folder).glob("*.py"):
            text = path.read_text("utf-8")
            for word in (r"\bSERIAL\b", r"\bBIGSERIAL\b", r"\bIDENTITY\b", "AUTOINCREMENT"):
                assert not re.search(word, text), path
            for columns in re.findall(r"PRIMARY KEY \(([^)]*)\)", text):
                assert columns.startswith("tenant,"), columns
            for columns in re.findall(r"CREATE INDEX \w+\s+ON \w+ \(([^)]*)\)", text):
                assert columns.startswith("tenant,"), columns
