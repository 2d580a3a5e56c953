-- What a rotation changed, so that it can be undone: the token it made, and when this one would have ended without it.
alter table token add column rotated_to integer;
alter table token add column end_before integer;
