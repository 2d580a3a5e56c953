-- The connection of an account to HubSpot; accounts without one are embedded.
create table connection (
    hub_id integer primary key references account (hub_id) on delete cascade,
    base_url text not null,
    sealed blob not null, -- AES-256-GCM-SIV under a key derived from the master key
    hint text not null,
    scopes text not null, -- JSON list of the scopes that the credential held when it was checked
    since integer not null, -- when this credential was put in place
    checked_at integer not null -- when HubSpot last said what it holds
) strict;
