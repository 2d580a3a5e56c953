-- When the lifetime ends that a token was made with. expires_at is when it ends in fact: earlier, where it was rotated.
alter table token add column lifetime_ends_at integer;
