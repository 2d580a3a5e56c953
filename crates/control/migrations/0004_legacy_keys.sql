-- A key in ?hapikey= that a caller which can't be changed still sends; let in for one app.
alter table token add column legacy integer not null default 0;
