-- Which classes of operations an app may call, as a JSON list of words (keyway_core::safety).
alter table app add column allow text not null default '["all"]';
