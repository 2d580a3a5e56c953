-- The certificate authorities of the forward proxy: the one that signs, and the one that is to sign next.
create table proxy_authority (
    id integer primary key autoincrement,
    name text not null,
    certificate text not null,
    sealed blob not null,
    created_at integer not null,
    signs_from integer not null,
    expires_at integer not null
) strict;
