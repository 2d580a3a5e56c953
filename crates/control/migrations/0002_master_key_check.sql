-- A value derived from the master key, by which a wrong key is known before it does harm.
create table master_key (
    only integer primary key check (only = 1),
    check_value blob not null
) strict;
