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
    ends_at       TEXT,
    floor         INTEGER NOT NULL,
    refreshed_at  TEXT,
    ip            TEXT,
    user_agent    TEXT NOT NULL,
    app_values    TEXT
);
CREATE INDEX countersign_sessions_actor ON countersign_sessions (actor_type, actor_id, created_at, id);
CREATE INDEX countersign_sessions_identity ON countersign_sessions (identity_id, id);
CREATE INDEX countersign_sessions_expires ON countersign_sessions (expires_at);

CREATE TABLE countersign_api_keys (
    id            TEXT NOT NULL PRIMARY KEY,
    version       INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    environment   TEXT NOT NULL,
    digest        BLOB NOT NULL,
    text          TEXT NOT NULL,
    redacted      TEXT NOT NULL,
    title         TEXT NOT NULL,
    owner_type    TEXT NOT NULL,
    owner_id      TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    channels      TEXT NOT NULL,
    metadata      TEXT,
    created_by    TEXT NOT NULL,
    created_at    TEXT,
    updated_at    TEXT,
    expires_at    TEXT,
    revoked_at    TEXT,
    revoked_by    TEXT NOT NULL,
    revoke_reason TEXT NOT NULL,
    stops_at      TEXT,
    disabled_at   TEXT,
    disabled_by   TEXT NOT NULL,
    replaces      TEXT NOT NULL,
    replaced_by   TEXT NOT NULL,
    last_used_at  TEXT,
    last_used_ip  TEXT
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

CREATE TABLE countersign_identities (
    id           TEXT NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    entities     BLOB NOT NULL,
    actors       TEXT NOT NULL,
    app_metadata TEXT,
    providers    TEXT NOT NULL,
    disabled_at  TEXT,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL
);

CREATE TABLE countersign_provider_identities (
    provider    TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    PRIMARY KEY (provider, entity_id)
);
CREATE INDEX countersign_provider_identities_identity ON countersign_provider_identities (identity_id);

CREATE TABLE countersign_one_time_tokens (
    id         TEXT NOT NULL PRIMARY KEY,
    digest     BLOB NOT NULL,
    data       TEXT,
    expires_at TEXT NOT NULL
);
CREATE INDEX countersign_one_time_tokens_expires ON countersign_one_time_tokens (expires_at);

CREATE TABLE countersign_attempts (
    id         TEXT NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    next_at    TEXT,
    expires_at TEXT NOT NULL
);
CREATE INDEX countersign_attempts_expires ON countersign_attempts (expires_at);
