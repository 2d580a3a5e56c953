-- The account that a change was of; none where it was of none, or of several.
alter table change_record add column hub_id integer;
create index change_record_hub on change_record (hub_id, id);
