-- The link with which the first super admin is made; there is one at most.
create table set_up_link (
    only integer primary key check (only = 1),
    hash blob not null, -- keyed BLAKE3
    expires_at integer not null
) strict;

-- Whether the password was right and the second factor is still awaited.
alter table session add column pending integer not null default 0;

create table second_factor (
    person_id integer primary key references person (id) on delete cascade,
    sealed blob not null, -- the key of RFC 6238
    confirmed integer not null default 0, -- whether a first code was right
    last_step integer not null default 0 -- the step of the last code that was taken: it is not taken again
) strict;

create table recovery_code (
    hash blob primary key, -- keyed BLAKE3
    person_id integer not null references person (id) on delete cascade
) strict;
