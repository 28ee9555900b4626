-- +goose Up
CREATE TABLE countersign_sessions (
    id            varchar(64) COLLATE "C" PRIMARY KEY,
    version       bigint NOT NULL,
    digest        bytea NOT NULL,
    counter       bigint NOT NULL,
    actor_type    varchar(256) COLLATE "C" NOT NULL,
    actor_id      varchar(256) COLLATE "C" NOT NULL,
    identity_id   varchar(256) COLLATE "C" NOT NULL,
    provider      varchar(256) COLLATE "C" NOT NULL,
    scopes        jsonb NOT NULL,
    roles         jsonb NOT NULL,
    factors       jsonb NOT NULL,
    app_metadata  json,
    user_metadata json,
    created_at    timestamptz,
    renewed_at    timestamptz,
    expires_at    timestamptz,
    ends_at       timestamptz
);
CREATE INDEX countersign_sessions_actor ON countersign_sessions (actor_type, actor_id, created_at, id);
CREATE INDEX countersign_sessions_expires ON countersign_sessions (expires_at);

CREATE TABLE countersign_api_keys (
    id           varchar(64) COLLATE "C" PRIMARY KEY,
    version      bigint NOT NULL,
    digest       bytea NOT NULL,
    redacted     varchar(256) NOT NULL,
    title        varchar(1024) NOT NULL,
    owner_type   varchar(256) COLLATE "C" NOT NULL,
    owner_id     varchar(256) COLLATE "C" NOT NULL,
    scopes       jsonb NOT NULL,
    created_by   varchar(256) COLLATE "C" NOT NULL,
    created_at   timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    revoked_by   varchar(256) COLLATE "C" NOT NULL,
    last_used_at timestamptz,
    last_used_ip varchar(45)
);
CREATE INDEX countersign_api_keys_owner ON countersign_api_keys (owner_type, owner_id, created_at, id);
CREATE INDEX countersign_api_keys_expires ON countersign_api_keys (expires_at);

CREATE TABLE countersign_revocations (
    id            varchar(80) COLLATE "C" PRIMARY KEY,
    revoked_up_to timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX countersign_revocations_expires ON countersign_revocations (expires_at);

CREATE TABLE countersign_key_rings (
    id         varchar(64) COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL,
    state      bytea NOT NULL,
    updated_at timestamptz NOT NULL
);
