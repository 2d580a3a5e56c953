-- When somebody last signed in; none until their first time.
alter table person add column signed_in_at integer;
