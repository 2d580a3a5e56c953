-- The data folder that was moved into this database, and how far its state got. Empty in a data folder.
create table moved_from (
    only integer primary key check (only = 1),
    folder text not null, -- the id of the data folder
    begun_at integer not null,
    finished_at integer -- none while it is being moved: no server may use the database
) strict;

create table move_progress (
    name text primary key, -- a table of the state
    last_row integer not null, -- the row id in the folder up to which it is here
    moved integer not null -- rows
) strict;
