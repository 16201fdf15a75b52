"""The contract of a database, kept by both."""

from warifu.service.store.database import Database


def test_a_new_database_is_empty(database: Database) -> None:
    with database.read() as transaction:
        assert transaction.rows("SELECT tenant FROM tenants") == []
