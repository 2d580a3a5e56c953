-- Where notifications go.
create table notify_channel (
    id integer primary key autoincrement,
    name text not null unique,
    kind text not null, -- webhook, slack or mail
    settings text not null, -- JSON without secrets
    sealed blob, -- JSON of its secrets: URL, signing secret, SMTP password
    hub_id integer, -- of conditions of this account only
    owner text, -- of conditions of this owner's apps only
    created_at integer not null
) strict;

-- Conditions that last, so that each is told once.
create table notify_condition (
    name text primary key, -- kind and what it is of
    about text not null, -- JSON: as it was last told
    since integer not null,
    seen_at integer not null, -- by any instance
    told_at integer not null
) strict;

-- The queue, and what was sent from it.
create table notify_message (
    id integer primary key autoincrement,
    channel_id integer not null references notify_channel (id) on delete cascade,
    created_at integer not null,
    body text not null, -- JSON: the notifications
    state text not null, -- waiting, sent or failed
    attempts integer not null,
    due_at integer not null, -- of the next attempt, while it waits
    claimed_until integer not null, -- an instance sends it
    ended_at integer,
    error text -- of the last attempt
) strict;

create index notify_message_waiting on notify_message (due_at) where state = 'waiting';
