-- Which operations that the catalog does not list an app may call: a JSON list of words and patterns.
alter table app add column unlisted text not null default '[]';
