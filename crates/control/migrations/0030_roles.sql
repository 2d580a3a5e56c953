-- What people and programs may do over the admin API.
alter table person add column role text not null default 'auditor';
alter table person add column apps text not null default '[]'; -- JSON: ids of the apps of an app manager
-- Until now everybody who could sign in was the same; somebody must be able to give the others a role.
update person set role = 'super-admin' where id = (select min(id) from person);

create table admin_token (
    id integer primary key autoincrement,
    name text not null,
    hash blob not null unique, -- keyed BLAKE3
    hint text not null,
    role text not null,
    apps text not null,
    created_at integer not null,
    created_by text not null,
    expires_at integer,
    revoked_at integer,
    last_used_at integer
) strict;

create unique index admin_token_name on admin_token (name) where revoked_at is null;
