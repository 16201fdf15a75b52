"""The first tables.

Revision ID: 0001
Revises: (none)
"""

from __future__ import annotations

from warifu.service.store.migrations.making import make

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERVES = "0001"

TABLES = (
    """
    CREATE TABLE schema_history (
        revision TEXT PRIMARY KEY,
        serves TEXT NOT NULL,
        at BIGINT NOT NULL
    )""",
    """
    CREATE TABLE tenants (
        tenant TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        data_key {BYTES},
        created_at BIGINT NOT NULL
    )""",
    """
    CREATE TABLE callers (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        principal TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        credential {BYTES} NOT NULL,
        scopes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        revoked_at BIGINT,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE signature_nonces (
        tenant TEXT NOT NULL,
        caller TEXT NOT NULL,
        nonce TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, caller, nonce)
    )""",
    """
    CREATE TABLE apps (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        revision BIGINT NOT NULL,
        document {BYTES} NOT NULL,
        secrets {BYTES},
        created_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE policies (
        tenant TEXT NOT NULL,
        digest TEXT NOT NULL,
        name TEXT NOT NULL,
        source {BYTES} NOT NULL,
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        PRIMARY KEY (tenant, digest)
    )""",
    """
    CREATE TABLE challenges (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        app TEXT NOT NULL,
        value {BYTES} NOT NULL,
        context {BYTES} NOT NULL,
        issued_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT,
        used_by TEXT,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE devices (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        app TEXT NOT NULL,
        platform TEXT,
        model TEXT,
        data_key {BYTES},
        first_seen BIGINT NOT NULL,
        last_seen BIGINT NOT NULL,
        erased_at BIGINT,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE erasures (
        tenant TEXT NOT NULL,
        name_index {BYTES} NOT NULL,
        id TEXT NOT NULL,
        erased_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, name_index, id)
    )""",
    """
    CREATE TABLE device_keys (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        device TEXT NOT NULL,
        app TEXT NOT NULL,
        format TEXT NOT NULL,
        credential {BYTES} NOT NULL,
        counter BIGINT NOT NULL,
        evidence TEXT NOT NULL,
        registered_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE evidence (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        app TEXT NOT NULL,
        device TEXT,
        device_key TEXT,
        challenge TEXT,
        format TEXT NOT NULL,
        digest {BYTES} NOT NULL,
        made_at BIGINT NOT NULL,
        received_at BIGINT NOT NULL,
        verdict TEXT NOT NULL,
        document {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE evidence_bytes (
        tenant TEXT NOT NULL,
        owner TEXT NOT NULL,
        digest {BYTES} NOT NULL,
        sealed {BYTES} NOT NULL,
        stored_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, owner, digest)
    )""",
    """
    CREATE TABLE serials (
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL,
        serial {BYTES} NOT NULL,
        evidence TEXT NOT NULL,
        device TEXT,
        stored_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, kind, serial, evidence)
    )""",
    """
    CREATE TABLE appraisals (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        evidence TEXT NOT NULL,
        app TEXT NOT NULL,
        device TEXT,
        policy TEXT NOT NULL,
        trust TEXT NOT NULL,
        known_at BIGINT NOT NULL,
        appraised_at BIGINT NOT NULL,
        basis TEXT NOT NULL,
        status TEXT NOT NULL,
        context {BYTES},
        used_by TEXT,
        document {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE decisions (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        app TEXT NOT NULL,
        device TEXT,
        device_key TEXT,
        user_index {BYTES},
        operation TEXT NOT NULL,
        outcome TEXT NOT NULL,
        amount BIGINT,
        outage BIGINT NOT NULL,
        appraisal TEXT,
        rule_set TEXT,
        decided_at BIGINT NOT NULL,
        document {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE rule_sets (
        tenant TEXT NOT NULL,
        digest TEXT NOT NULL,
        name TEXT NOT NULL,
        source {BYTES} NOT NULL,
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        PRIMARY KEY (tenant, digest)
    )""",
    """
    CREATE TABLE governance (
        tenant TEXT PRIMARY KEY,
        revision BIGINT NOT NULL,
        document {BYTES} NOT NULL
    )""",
    """
    CREATE TABLE approvals (
        tenant TEXT NOT NULL,
        command TEXT NOT NULL,
        approved_by TEXT NOT NULL,
        approved_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, command, approved_by)
    )""",
    """
    CREATE TABLE audit (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        at BIGINT NOT NULL,
        caller TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        document {BYTES} NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    """
    CREATE TABLE idempotency (
        tenant TEXT NOT NULL,
        caller TEXT NOT NULL,
        id TEXT NOT NULL,
        request {BYTES} NOT NULL,
        status BIGINT NOT NULL,
        body {BYTES} NOT NULL,
        at BIGINT NOT NULL,
        device TEXT,
        PRIMARY KEY (tenant, caller, id)
    )""",
)
INDEXES = (
    "CREATE UNIQUE INDEX callers_by_name ON callers (tenant, name) WHERE principal = id",
    "CREATE INDEX challenges_by_expiry ON challenges (tenant, expires_at)",
    "CREATE INDEX device_keys_by_device ON device_keys (tenant, device)",
    "CREATE INDEX evidence_by_device ON evidence (tenant, device, id)",
    "CREATE INDEX evidence_by_key ON evidence (tenant, device_key) WHERE device IS NULL",
    "CREATE INDEX evidence_by_age ON evidence (tenant, received_at)",
    "CREATE INDEX evidence_bytes_by_age ON evidence_bytes (tenant, stored_at)",
    "CREATE INDEX serials_by_device ON serials (tenant, device)",
    "CREATE INDEX serials_by_age ON serials (tenant, stored_at)",
    "CREATE UNIQUE INDEX erasures_by_id ON erasures (tenant, id)",
    "CREATE INDEX signature_nonces_by_age ON signature_nonces (tenant, expires_at)",
    "CREATE INDEX appraisals_by_evidence ON appraisals (tenant, evidence, id)",
    "CREATE INDEX appraisals_by_device ON appraisals (tenant, device, id)",
    """
    CREATE INDEX decisions_served ON decisions (tenant, user_index, operation, device, decided_at)
    WHERE outcome = 'serve' AND outage = 0""",
    """
    CREATE INDEX decisions_refused ON decisions (tenant, user_index, operation, decided_at)
    WHERE outcome = 'refuse'""",
    "CREATE INDEX decisions_by_device ON decisions (tenant, device, id)",
    "CREATE INDEX decisions_by_key ON decisions (tenant, device_key) WHERE device IS NULL",
    "CREATE INDEX audit_by_subject ON audit (tenant, subject, id)",
    "CREATE INDEX idempotency_by_age ON idempotency (tenant, at)",
    "CREATE INDEX idempotency_by_device ON idempotency (tenant, device) WHERE device IS NOT NULL",
)


def upgrade() -> None:
    """Make the tables and their indexes."""
    make(TABLES, INDEXES)


def downgrade() -> None:
    """There is nothing before the first tables: restore a backup instead."""
    raise NotImplementedError("restore a backup")
