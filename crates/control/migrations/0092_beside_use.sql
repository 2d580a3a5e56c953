-- The object types that the calls of an app reached beside their paths: what they needed scopes for.
create table beside_use (
    app_id integer not null references app (id) on delete cascade,
    object text not null, -- name of the object type
    access text not null, -- read or write
    primary key (app_id, object, access)
) strict;
