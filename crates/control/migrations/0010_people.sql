-- People who sign in on the admin listener.
create table person (
    id integer primary key autoincrement,
    email text not null unique, -- lower case
    password text not null, -- argon2id
    created_at integer not null
) strict;

create table session (
    hash blob primary key, -- keyed BLAKE3 of the cookie; the cookie itself is nowhere
    person_id integer not null references person (id) on delete cascade,
    created_at integer not null,
    expires_at integer not null
) strict;
