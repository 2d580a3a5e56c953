-- Public apps: OAuth clients that many accounts install.
create table public_app (
    id integer primary key autoincrement,
    name text not null unique,
    description text not null,
    owner text not null,
    client_id text not null unique,
    secrets text not null, -- JSON list of keyed hashes with their moments; empty for an app without a secret
    is_public integer not null, -- it has no secret, and must use PKCE
    redirect_uris text not null, -- JSON lists
    scopes text not null,
    conditional_scopes text not null,
    optional_scopes text not null,
    distribution text not null, -- private or marketplace
    rotates integer not null, -- whether a refresh token is replaced when it is used
    enabled integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;

-- An install is an app of its account; its refresh tokens are tokens of that app, each with what it was granted.
alter table app add column public_app_id integer references public_app (id) on delete cascade;
alter table token add column grant_scopes text; -- JSON list; none for what is no refresh token
alter table token add column grant_user text;
alter table token add column grant_user_id integer;
alter table token add column generation integer not null default 0; -- how often it was rotated
alter table token add column rotated_at integer; -- when it last was
create index app_by_public_app on app (public_app_id);

-- Codes that a consent gave.
create table oauth_code (
    hash blob primary key, -- keyed BLAKE3; the code itself is nowhere
    public_app_id integer not null references public_app (id) on delete cascade,
    hub_id integer not null references account (hub_id) on delete cascade,
    redirect_uri text not null,
    challenge text,
    scopes text not null, -- JSON list
    granted_by text not null,
    granted_by_id integer not null,
    expires_at integer not null,
    used integer not null default 0,
    token_id integer -- what it gave: ended when the code is presented again
) strict;
