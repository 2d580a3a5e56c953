-- What a connected account does with calls that name object types beside their path.
alter table account add column beside_path text not null default 'refuse';
