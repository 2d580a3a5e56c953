-- Whether an app's calls of numbered versions are carried to their dated successors; see docs/private-apps.md.
alter table app add column translate integer not null default 0;
