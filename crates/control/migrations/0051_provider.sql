-- Who a person is at the identity provider, from their first sign-in there on: an address may pass
-- on to somebody else, the provider's own name for a person does not.
alter table person add column issuer text;
alter table person add column subject text;

create unique index person_subject on person (issuer, subject);
