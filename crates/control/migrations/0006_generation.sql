-- The number of the last change, by which an instance knows that another one has made changes.
create table generation (
    id integer primary key,
    value integer not null
) strict;
insert into generation values (1, 0);
