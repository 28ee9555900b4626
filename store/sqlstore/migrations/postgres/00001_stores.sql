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
    ends_at       timestamptz,
    floor         bigint NOT NULL,
    refreshed_at  timestamptz,
    ip            varchar(45),
    user_agent    varchar(256) NOT NULL,
    app_values    json
);
CREATE INDEX countersign_sessions_actor ON countersign_sessions (actor_type, actor_id, created_at, id);
CREATE INDEX countersign_sessions_identity ON countersign_sessions (identity_id, id);
CREATE INDEX countersign_sessions_expires ON countersign_sessions (expires_at);

CREATE TABLE countersign_api_keys (
    id            varchar(64) COLLATE "C" PRIMARY KEY,
    version       bigint NOT NULL,
    kind          varchar(256) COLLATE "C" NOT NULL,
    environment   varchar(256) COLLATE "C" NOT NULL,
    digest        bytea NOT NULL,
    text          varchar(256) NOT NULL,
    redacted      varchar(256) NOT NULL,
    title         varchar(1024) NOT NULL,
    owner_type    varchar(256) COLLATE "C" NOT NULL,
    owner_id      varchar(256) COLLATE "C" NOT NULL,
    scopes        jsonb NOT NULL,
    channels      jsonb NOT NULL,
    metadata      json,
    created_by    varchar(256) COLLATE "C" NOT NULL,
    created_at    timestamptz,
    updated_at    timestamptz,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    revoked_by    varchar(256) COLLATE "C" NOT NULL,
    revoke_reason varchar(1024) NOT NULL,
    stops_at      timestamptz,
    disabled_at   timestamptz,
    disabled_by   varchar(256) COLLATE "C" NOT NULL,
    replaces      varchar(256) COLLATE "C" NOT NULL,
    replaced_by   varchar(256) COLLATE "C" NOT NULL,
    last_used_at  timestamptz,
    last_used_ip  varchar(45)
);
CREATE INDEX countersign_api_keys_owner ON countersign_api_keys (owner_type, owner_id, created_at NULLS FIRST, id);
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

CREATE TABLE countersign_identities (
    id           varchar(64) COLLATE "C" PRIMARY KEY,
    version      bigint NOT NULL,
    entities     bytea NOT NULL,
    actors       jsonb NOT NULL,
    app_metadata json,
    providers    json NOT NULL,
    disabled_at  timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

CREATE TABLE countersign_provider_identities (
    provider    varchar(256) COLLATE "C",
    entity_id   varchar(256) COLLATE "C",
    identity_id varchar(64) COLLATE "C" NOT NULL,
    PRIMARY KEY (provider, entity_id)
);
CREATE INDEX countersign_provider_identities_identity ON countersign_provider_identities (identity_id);

CREATE TABLE countersign_one_time_tokens (
    id         varchar(64) COLLATE "C" PRIMARY KEY,
    digest     bytea NOT NULL,
    data       json,
    expires_at timestamptz NOT NULL
);
CREATE INDEX countersign_one_time_tokens_expires ON countersign_one_time_tokens (expires_at);

CREATE TABLE countersign_attempts (
    id         varchar(64) COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL,
    tries      bigint NOT NULL,
    next_at    timestamptz,
    expires_at timestamptz NOT NULL
);
CREATE INDEX countersign_attempts_expires ON countersign_attempts (expires_at);
