"""Bindings, user authentication, transactions, and the ledger.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from warifu.service.store.migrations.making import make

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERVES = "0001"

TABLES = (
    """
    CREATE TABLE activations (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        app TEXT NOT NULL,
        user_index {BYTES} NOT NULL,
        device TEXT,
        state TEXT NOT NULL,
        revision BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE bindings (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        user_index {BYTES} NOT NULL,
        device TEXT NOT NULL,
        key_name TEXT NOT NULL,
        app TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        is_primary BIGINT NOT NULL,
        counter BIGINT NOT NULL,
        sequence BIGINT NOT NULL,
        revision BIGINT NOT NULL,
        bound_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE pins (
        tenant TEXT NOT NULL,
        user_index {BYTES} NOT NULL,
        state TEXT NOT NULL,
        failures BIGINT NOT NULL,
        not_before BIGINT NOT NULL,
        revision BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, user_index)
    )""",
    """
    CREATE TABLE hpke_keys (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        certificate {BYTES} NOT NULL,
        sealed {BYTES} NOT NULL,
        made_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE verifications (
        tenant TEXT NOT NULL,
        user_index {BYTES} NOT NULL,
        device TEXT NOT NULL,
        class TEXT NOT NULL,
        method TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (tenant, user_index, device, class, method)
    )""",
    """
    CREATE TABLE access_tokens (
        tenant TEXT NOT NULL,
        digest {BYTES} NOT NULL,
        binding TEXT NOT NULL,
        thumbprint TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, digest)
    )""",
    """
    CREATE TABLE proof_ids (
        tenant TEXT NOT NULL,
        id {BYTES} NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE transactions (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        user_index {BYTES} NOT NULL,
        device TEXT,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        revision BIGINT NOT NULL,
        digest {BYTES},
        created_by TEXT,
        claim {BYTES},
        tries BIGINT NOT NULL,
        asked_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        hold_until BIGINT,
        answered_at BIGINT,
        decision TEXT,
        next_hand_off BIGINT,
        hand_offs BIGINT NOT NULL,
        settled_at BIGINT,
        reference TEXT,
        sealed {BYTES} NOT NULL,
        answer {BYTES},
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE late_answers (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        transaction_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        code TEXT NOT NULL,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE reserved (
        tenant TEXT NOT NULL,
        bucket {BYTES} NOT NULL,
        total BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, bucket)
    )""",
    """
    CREATE TABLE cases (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        user_index {BYTES} NOT NULL,
        state TEXT NOT NULL,
        revision BIGINT NOT NULL,
        opened_at BIGINT NOT NULL,
        closed_at BIGINT,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE ledger_leaves (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        place BIGINT,
        subject TEXT NOT NULL,
        leaf {BYTES} NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE ledger_nodes (
        tenant TEXT NOT NULL,
        level BIGINT NOT NULL,
        number BIGINT NOT NULL,
        hash {BYTES} NOT NULL,
        PRIMARY KEY (tenant, level, number)
    )""",
    """
    CREATE TABLE ledger_heads (
        tenant TEXT NOT NULL,
        size BIGINT NOT NULL,
        root {BYTES} NOT NULL,
        token BIGINT NOT NULL,
        at BIGINT NOT NULL,
        checkpoint {BYTES},
        PRIMARY KEY (tenant, size)
    )""",
    """
    CREATE TABLE ledger_cosignatures (
        tenant TEXT NOT NULL,
        size BIGINT NOT NULL,
        witness TEXT NOT NULL,
        line {BYTES} NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (tenant, size, witness)
    )""",
    """
    CREATE TABLE ledger_leases (
        tenant TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        token BIGINT NOT NULL,
        until_at BIGINT NOT NULL
    )""",
    """
    CREATE TABLE receipts (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        transaction_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE receipt_evidence (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        at BIGINT NOT NULL,
        sealed {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
)
INDEXES = (
    "CREATE INDEX activations_by_expiry ON activations (tenant, expires_at)",
    "CREATE INDEX bindings_by_user ON bindings (tenant, user_index, id)",
    "CREATE INDEX bindings_by_device ON bindings (tenant, device)",
    """
    CREATE UNIQUE INDEX bindings_by_key ON bindings (tenant, key_name)
    WHERE state <> 'revoked'""",
    """
    CREATE UNIQUE INDEX bindings_primary ON bindings (tenant, user_index)
    WHERE is_primary = 1""",
    "CREATE INDEX hpke_keys_by_expiry ON hpke_keys (tenant, expires_at)",
    "CREATE INDEX verifications_by_age ON verifications (tenant, at)",
    "CREATE INDEX verifications_by_device ON verifications (tenant, device)",
    "CREATE INDEX access_tokens_by_expiry ON access_tokens (tenant, expires_at)",
    "CREATE INDEX access_tokens_by_binding ON access_tokens (tenant, binding)",
    "CREATE INDEX proof_ids_by_expiry ON proof_ids (tenant, expires_at)",
    "CREATE INDEX transactions_by_user ON transactions (tenant, user_index, id)",
    "CREATE INDEX transactions_by_device ON transactions (tenant, device, id)",
    """
    CREATE UNIQUE INDEX transactions_by_claim ON transactions (tenant, claim)
    WHERE claim IS NOT NULL""",
    """
    CREATE INDEX transactions_to_hand_off ON transactions (tenant, next_hand_off)
    WHERE next_hand_off IS NOT NULL""",
    """
    CREATE UNIQUE INDEX transactions_by_reference ON transactions (tenant, reference)
    WHERE reference IS NOT NULL""",
    """
    CREATE INDEX transactions_settled ON transactions (tenant, settled_at)
    WHERE settled_at IS NOT NULL""",
    "CREATE INDEX late_answers_by_transaction ON late_answers (tenant, transaction_id, id)",
    "CREATE INDEX reserved_by_expiry ON reserved (tenant, expires_at)",
    "CREATE INDEX cases_by_user ON cases (tenant, user_index, id)",
    "CREATE INDEX cases_open ON cases (tenant, id) WHERE state = 'open'",
    """
    CREATE UNIQUE INDEX ledger_leaves_by_place ON ledger_leaves (tenant, place)
    WHERE place IS NOT NULL""",
    "CREATE INDEX ledger_leaves_waiting ON ledger_leaves (tenant, id) WHERE place IS NULL",
    "CREATE INDEX ledger_leaves_by_subject ON ledger_leaves (tenant, subject)",
    """
    CREATE INDEX ledger_heads_unsigned ON ledger_heads (tenant, size)
    WHERE checkpoint IS NULL""",
    "CREATE INDEX receipts_by_transaction ON receipts (tenant, transaction_id, id)",
)


def upgrade() -> None:
    """Make the tables and their indexes."""
    make(TABLES, INDEXES)


def downgrade() -> None:
    """What was approved is not thrown away: restore a backup instead."""
    raise NotImplementedError("restore a backup")
