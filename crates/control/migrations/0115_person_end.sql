-- When a person's access ends; null means never.
alter table person add column expires_at integer;
