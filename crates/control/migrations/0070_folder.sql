-- Which data folder this is. portal.db and the audit log carry the same id, so that a folder with a
-- part missing, or with a part of another folder, is refused. `complete` is 1 once every part exists.
create table folder (
    only integer primary key check (only = 1),
    id text not null,
    complete integer not null
) strict;
