-- The latest landings of a branch: what a change is held against that may take one of them back.
create index change_by_branch on change (repo, branch, sort_at, id) where landed_sha is not null and pull is not null;
