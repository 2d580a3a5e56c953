-- Which calls of a session need a person's approval beside those of its app: JSON as in app.approve.
alter table app_session add column approve text not null default '{}';
