-- Notifications are held: this is a restored copy of a backup, and the server that was copied may still run.
-- "keyway restore" makes the table in stores of earlier versions.
create table if not exists notify_hold (
    only integer primary key check (only = 1),
    since integer not null
) strict;
