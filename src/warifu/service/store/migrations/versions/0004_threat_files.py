"""Advisories and measures as they were written.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from warifu.service.store.migrations.making import make

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERVES = "0001"

TABLES = (
    """
    CREATE TABLE threat_files (
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL,
        digest TEXT NOT NULL,
        source {BYTES} NOT NULL,
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        PRIMARY KEY (tenant, kind, digest)
    )""",
)
INDEXES = (
    "CREATE INDEX threat_files_by_time ON threat_files (tenant, kind, created_at DESC, digest)",
)


def upgrade() -> None:
    """Make the table and its index."""
    make(TABLES, INDEXES)


def downgrade() -> None:
    """What was stated is not thrown away: restore a backup instead."""
    raise NotImplementedError("restore a backup")
