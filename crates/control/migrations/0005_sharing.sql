-- What part of its account's limits an app gets where several share them; see docs/connections.md.
alter table app add column weight integer not null default 1;
alter table app add column reserve integer not null default 0; -- calls in ten seconds kept for it alone
alter table app add column max_wait_ms integer not null default 10000;
