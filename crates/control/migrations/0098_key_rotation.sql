-- The master key seals values and, since the first rotation, the root key: token hashes and the seals of the audit are
-- keyed with the root key, which never changes. Before the first rotation the master key is the root key.
alter table master_key add column root blob;
alter table master_key add column since integer; -- when it was rotated last

-- Which master keys the instances on a shared store have.
create table key_holder (
    instance text primary key, -- host and process
    keys text not null, -- ids, with a space between them
    seen_at integer not null -- by the database's clock
) strict;
