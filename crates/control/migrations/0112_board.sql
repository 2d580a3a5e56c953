-- The newest report of each repository on the migration board.
create table board_report (
    id integer primary key autoincrement,
    repository text not null unique,
    received_at integer not null,
    before_at integer, -- when the report before came
    sent_by text not null,
    loose text not null -- JSON: credentials of no integration, masked
) strict;

-- Its integrations, and those of earlier reports.
create table board_integration (
    id integer primary key autoincrement,
    report_id integer not null references board_report (id) on delete cascade,
    row_key text not null, -- what it is known by: its folder, else its name
    name text not null,
    first_at integer not null,
    found text, -- JSON: as the newest report has it, credentials masked; none where that has nothing of it
    earlier text not null, -- JSON: what earlier reports had of it, and the newest has not
    app_id integer, -- the app that somebody linked; it may be gone
    unique (report_id, row_key)
) strict;
