-- What documents are salted by (sem 10). An erasure replaces it.
create table document_secret (
  id      integer primary key check (id = 1),
  secret  blob not null
) strict;

-- Persons whose data was, or is to be, erased. Two people are needed. Terms are gone once it is done.
create table erasure (
  id            text primary key,
  pseudonym     text not null,       -- what stands in place of everything that named them
  state         text not null check (state in ('requested', 'performed', 'withdrawn')),
  terms         text,                -- JSON: whom it names; null once it was performed or withdrawn
  why           text not null,
  requested_by  text not null,
  requested_at  integer not null,
  ended_by      text,
  ended_at      integer,
  documents     integer,
  deliveries    integer,
  ledger_index  integer
) strict;
