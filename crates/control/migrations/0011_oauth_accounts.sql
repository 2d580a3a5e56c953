-- HubSpot apps whose OAuth credentials this installation holds, to connect accounts with.
create table oauth_client (
    id integer primary key autoincrement,
    name text not null unique,
    client_id text not null,
    sealed blob not null, -- its secret
    base_url text not null,
    authorize_url text not null,
    scopes text not null, -- JSON lists
    optional_scopes text not null,
    created_at integer not null
) strict;

alter table connection add column oauth_client_id integer references oauth_client (id);

-- The tokens of accounts that are connected by OAuth. Written at every refresh, and by one instance at a time.
create table oauth_token (
    hub_id integer primary key references account (hub_id) on delete cascade,
    sealed_refresh blob not null,
    sealed_access blob,
    expires_at integer not null default 0, -- of the access token
    lease_until integer not null default 0, -- until when one instance refreshes it
    asked_at integer not null default 0, -- when a token was last asked for
    revoked text -- what HubSpot said when the grant was over
) strict;

-- Authorizations that somebody was sent away for.
create table oauth_pending (
    state blob primary key, -- keyed BLAKE3
    oauth_client_id integer not null references oauth_client (id) on delete cascade,
    sealed_verifier blob not null,
    redirect_uri text not null,
    settings text not null, -- JSON: what the account is to be made of
    expires_at integer not null,
    hub_id integer, -- the account that came of it
    failed text -- why none did
) strict;
