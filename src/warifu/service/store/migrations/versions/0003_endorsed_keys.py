"""Keys that bound keys endorse.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from warifu.service.store.migrations.making import make

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERVES = "0001"

TABLES = (
    """
    CREATE TABLE endorsed_keys (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        binding TEXT NOT NULL,
        purpose TEXT NOT NULL,
        thumbprint TEXT NOT NULL,
        state TEXT NOT NULL,
        endorsed_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        ended_at BIGINT,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
)
INDEXES = (
    "CREATE INDEX endorsed_keys_by_binding ON endorsed_keys (tenant, binding, id)",
    """
    CREATE UNIQUE INDEX endorsed_keys_by_key ON endorsed_keys (tenant, thumbprint)
    WHERE state = 'active'""",
    "CREATE INDEX endorsed_keys_by_expiry ON endorsed_keys (tenant, expires_at)",
)


def upgrade() -> None:
    """Make the table and its indexes."""
    make(TABLES, INDEXES)


def downgrade() -> None:
    """What was endorsed is not thrown away: restore a backup instead."""
    raise NotImplementedError("restore a backup")
