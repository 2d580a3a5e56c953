-- A token of a session: narrower than its app, for one person and one purpose, with an end and budgets.
create table app_session (
    token_id integer primary key references token (id) on delete cascade,
    scopes text not null, -- JSON list of scope names, sorted
    classes text not null, -- JSON list of words
    person text not null, -- on whose behalf
    purpose text not null,
    created_by text not null,
    calls_max integer, -- budgets; null is none
    records_max integer,
    day_calls_max integer,
    day_records_max integer,
    calls integer not null default 0, -- what was used
    records integer not null default 0,
    day integer not null default 0, -- the midnight that began the day of the next two, in milliseconds
    day_calls integer not null default 0,
    day_records integer not null default 0
) strict;
