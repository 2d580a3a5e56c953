-- Forward only: a later version adds a file, and never changes this one.
create table account (
    hub_id integer primary key,
    name text not null,
    tier text not null,
    addons integer not null,
    time_zone text not null,
    currency text not null,
    region text not null,
    created_at integer not null -- milliseconds since 1970
) strict;

create table app (
    id integer primary key autoincrement, -- an id is never used again: the audit names it
    hub_id integer not null references account (hub_id) on delete cascade,
    name text not null,
    description text not null,
    owner text not null,
    dependents text not null, -- JSON list of strings
    scopes text not null, -- JSON list of scope names, sorted
    enabled integer not null,
    created_at integer not null,
    updated_at integer not null,
    unique (hub_id, name)
) strict;

create table token (
    id integer primary key autoincrement,
    app_id integer not null references app (id) on delete cascade,
    hash blob not null unique, -- keyed BLAKE3 of the token; the token itself is nowhere
    hint text not null,
    created_at integer not null,
    expires_at integer,
    revoked_at integer,
    last_used_at integer
) strict;

create index token_by_app on token (app_id);
