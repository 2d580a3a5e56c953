-- Whether an app of an embedded account is let through whatever it has used; see docs/testing.md.
alter table app add column no_limits integer not null default 0;
