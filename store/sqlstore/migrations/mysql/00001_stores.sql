-- +goose Up
CREATE TABLE countersign_sessions (
    id            varbinary(64) NOT NULL PRIMARY KEY,
    version       bigint NOT NULL,
    digest        binary(32) NOT NULL,
    counter       bigint NOT NULL,
    actor_type    varbinary(256) NOT NULL,
    actor_id      varbinary(256) NOT NULL,
    identity_id   varbinary(256) NOT NULL,
    provider      varbinary(256) NOT NULL,
    scopes        mediumtext CHARACTER SET utf8mb4 NOT NULL,
    roles         mediumtext CHARACTER SET utf8mb4 NOT NULL,
    factors       mediumtext CHARACTER SET utf8mb4 NOT NULL,
    app_metadata  mediumtext CHARACTER SET utf8mb4,
    user_metadata mediumtext CHARACTER SET utf8mb4,
    created_at    datetime(6),
    renewed_at    datetime(6),
    expires_at    datetime(6),
    ends_at       datetime(6),
    floor         bigint NOT NULL,
    refreshed_at  datetime(6),
    ip            varchar(45),
    user_agent    varchar(256) CHARACTER SET utf8mb4 NOT NULL,
    app_values    mediumtext CHARACTER SET utf8mb4
) ENGINE = InnoDB;
CREATE INDEX countersign_sessions_actor ON countersign_sessions (actor_type, actor_id, created_at, id);
CREATE INDEX countersign_sessions_identity ON countersign_sessions (identity_id, id);
CREATE INDEX countersign_sessions_expires ON countersign_sessions (expires_at);

CREATE TABLE countersign_api_keys (
    id            varbinary(64) NOT NULL PRIMARY KEY,
    version       bigint NOT NULL,
    kind          varbinary(256) NOT NULL,
    environment   varbinary(256) NOT NULL,
    digest        binary(32) NOT NULL,
    text          varchar(256) CHARACTER SET utf8mb4 NOT NULL,
    redacted      varchar(256) CHARACTER SET utf8mb4 NOT NULL,
    title         varchar(1024) CHARACTER SET utf8mb4 NOT NULL,
    owner_type    varbinary(256) NOT NULL,
    owner_id      varbinary(256) NOT NULL,
    scopes        mediumtext CHARACTER SET utf8mb4 NOT NULL,
    channels      mediumtext CHARACTER SET utf8mb4 NOT NULL,
    metadata      mediumtext CHARACTER SET utf8mb4,
    created_by    varbinary(256) NOT NULL,
    created_at    datetime(6),
    updated_at    datetime(6),
    expires_at    datetime(6),
    revoked_at    datetime(6),
    revoked_by    varbinary(256) NOT NULL,
    revoke_reason varchar(1024) CHARACTER SET utf8mb4 NOT NULL,
    stops_at      datetime(6),
    disabled_at   datetime(6),
    disabled_by   varbinary(256) NOT NULL,
    replaces      varbinary(256) NOT NULL,
    replaced_by   varbinary(256) NOT NULL,
    last_used_at  datetime(6),
    last_used_ip  varchar(45)
) ENGINE = InnoDB;
CREATE INDEX countersign_api_keys_owner ON countersign_api_keys (owner_type, owner_id, created_at, id);
CREATE INDEX countersign_api_keys_expires ON countersign_api_keys (expires_at);

CREATE TABLE countersign_revocations (
    id            varbinary(80) NOT NULL PRIMARY KEY,
    revoked_up_to datetime(6) NOT NULL,
    expires_at    datetime(6) NOT NULL
) ENGINE = InnoDB;
CREATE INDEX countersign_revocations_expires ON countersign_revocations (expires_at);

CREATE TABLE countersign_key_rings (
    id         varbinary(64) NOT NULL PRIMARY KEY,
    version    bigint NOT NULL,
    state      mediumblob NOT NULL,
    updated_at datetime(6) NOT NULL
) ENGINE = InnoDB;

CREATE TABLE countersign_identities (
    id           varbinary(64) NOT NULL PRIMARY KEY,
    version      bigint NOT NULL,
    entities     binary(32) NOT NULL,
    actors       mediumtext CHARACTER SET utf8mb4 NOT NULL,
    app_metadata mediumtext CHARACTER SET utf8mb4,
    providers    mediumtext CHARACTER SET utf8mb4 NOT NULL,
    disabled_at  datetime(6),
    created_at   datetime(6) NOT NULL,
    updated_at   datetime(6) NOT NULL
) ENGINE = InnoDB;

CREATE TABLE countersign_provider_identities (
    provider    varbinary(256) NOT NULL,
    entity_id   varbinary(256) NOT NULL,
    identity_id varbinary(64) NOT NULL,
    PRIMARY KEY (provider, entity_id)
) ENGINE = InnoDB;
CREATE INDEX countersign_provider_identities_identity ON countersign_provider_identities (identity_id);

CREATE TABLE countersign_one_time_tokens (
    id         varbinary(64) NOT NULL PRIMARY KEY,
    digest     binary(32) NOT NULL,
    data       mediumtext CHARACTER SET utf8mb4,
    expires_at datetime(6) NOT NULL
) ENGINE = InnoDB;
CREATE INDEX countersign_one_time_tokens_expires ON countersign_one_time_tokens (expires_at);

CREATE TABLE countersign_attempts (
    id         varbinary(64) NOT NULL PRIMARY KEY,
    version    bigint NOT NULL,
    tries      bigint NOT NULL,
    next_at    datetime(6),
    expires_at datetime(6) NOT NULL
) ENGINE = InnoDB;
CREATE INDEX countersign_attempts_expires ON countersign_attempts (expires_at);
