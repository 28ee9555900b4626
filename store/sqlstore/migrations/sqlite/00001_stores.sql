-- +goose Up
CREATE TABLE countersign_sessions (
    id            TEXT NOT NULL PRIMARY KEY,
    version       INTEGER NOT NULL,
    digest        BLOB NOT NULL,
    counter       INTEGER NOT NULL,
    actor_type    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    identity_id   TEXT NOT NULL,
    provider      TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    roles         TEXT NOT NULL,
    factors       TEXT NOT NULL,
    app_metadata  TEXT,
    user_metadata TEXT,
    created_at    TEXT,
    renewed_at    TEXT,
    expires_at    TEXT,
    ends_at       TEXT
);
CREATE INDEX countersign_sessions_actor ON countersign_sessions (actor_type, actor_id, created_at, id);
CREATE INDEX countersign_sessions_expires ON countersign_sessions (expires_at);

CREATE TABLE countersign_api_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    redacted     TEXT NOT NULL,
    title        TEXT NOT NULL,
    owner_type   TEXT NOT NULL,
    owner_id     TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   TEXT,
    expires_at   TEXT,
    revoked_at   TEXT,
    revoked_by   TEXT NOT NULL,
    last_used_at TEXT,
    last_used_ip TEXT
);
CREATE INDEX countersign_api_keys_owner ON countersign_api_keys (owner_type, owner_id, created_at, id);
CREATE INDEX countersign_api_keys_expires ON countersign_api_keys (expires_at);

CREATE TABLE countersign_revocations (
    id            TEXT NOT NULL PRIMARY KEY,
    revoked_up_to TEXT NOT NULL,
    expires_at    TEXT NOT NULL
);
CREATE INDEX countersign_revocations_expires ON countersign_revocations (expires_at);

CREATE TABLE countersign_key_rings (
    id         TEXT NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    state      BLOB NOT NULL,
    updated_at TEXT NOT NULL
);
