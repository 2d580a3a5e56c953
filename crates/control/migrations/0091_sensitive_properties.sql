-- What a connected account does with calls that name sensitive properties whose scope their app lacks.
alter table account add column sensitive_properties text not null default 'refuse';
