-- Which calls of an app need a person's approval: JSON of classes, a number of records, and operations.
alter table app add column approve text not null default '{}';

-- Calls that wait for a person, and what became of them.
create table approval (
    id integer primary key autoincrement,
    hub_id integer not null,
    app_id integer not null references app (id) on delete cascade,
    session_id integer, -- only the session that asked may use it
    operation text not null, -- method and path template
    rule text not null, -- why the call needs an approval
    records integer, -- how many the call names; none where that can't be counted
    call_hash blob not null, -- keyed BLAKE3 of method, path, query and body
    read_hash blob not null, -- keyed BLAKE3 of what was read of the records
    sealed blob, -- JSON of what would change: customer data, gone a day after the end
    state text not null, -- pending, approved, rejected or used
    created_at integer not null,
    expires_at integer not null,
    decided_at integer,
    decided_by text,
    reason text, -- of a rejection
    used_at integer,
    status integer -- of the answer to the call; none where it was not used, or its outcome is not known
) strict;

create index approval_by_app on approval (app_id, state);
