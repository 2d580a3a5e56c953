-- What was changed by whom: one row for each change over the admin API or in the console.
create table change_record (
    id integer primary key autoincrement,
    at integer not null,
    kind text not null, -- person, token, socket, server
    who_id integer,
    who text not null,
    role text not null,
    operation text not null,
    target text not null,
    was text not null, -- JSON: what was changed, as it was
    became text not null, -- JSON: and as it is since
    source text not null
) strict;

create index change_record_who on change_record (who, id);
create index change_record_operation on change_record (operation, id);
create index change_record_target on change_record (target, id);
create index change_record_at on change_record (at);
