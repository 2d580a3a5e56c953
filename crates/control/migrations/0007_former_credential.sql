-- The credential that a connection had before, kept for a while in case the new one does not do.
alter table connection add column former_sealed blob;
alter table connection add column former_hint text;
alter table connection add column former_until integer;
