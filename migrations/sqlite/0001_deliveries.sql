-- What arrived, raw, before anything is understood from it (promise 6).
create table delivery (
  seq           integer primary key,
  id            text not null unique,       -- derived from source and key
  source        text not null,
  key           text not null,              -- the sender's id of the delivery
  event         text not null,
  action        text,
  headers       text not null,              -- JSON object, secrets left out
  body          blob not null,             -- zstd
  body_size     integer not null,
  body_sha256   text not null,              -- over the bytes received
  salt          blob not null,              -- before the digest in what the entry binds
  received_at   integer not null,
  state         text not null check (state in ('applied', 'no_interest', 'set_aside', 'parked')),
  why           text,                       -- of no interest because, or what went wrong
  attempts      integer not null default 1,
  ledger_index  integer not null
) strict;
create index delivery_set_aside on delivery (seq) where state = 'set_aside';
-- What the overview counts in a period, without reading a body.
create index delivery_by_time on delivery (source, received_at, state);

-- How many of each state came on each day (days since 1970-01-01): what the overview sums, at any number of deliveries.
create table delivery_total (
  source      text not null,
  day         integer not null,
  state       text not null,
  deliveries  integer not null,
  primary key (source, day, state)
) strict;
create index delivery_total_empty on delivery_total (deliveries) where deliveries = 0;

-- The same delivery id with another body (X50): kept beside the first, applied nowhere.
create table delivery_conflict (
  delivery      text not null,
  body_sha256   text not null,
  salt          blob not null,              -- before the digest in what the entry binds
  body          blob not null,
  received_at   integer not null,
  ledger_index  integer not null,
  primary key (delivery, body_sha256)
) strict;

-- Deliveries that were refused at the door: counted, bounded to a row per source, reason and day.
create table refused_delivery (
  source        text not null,
  reason        text not null,
  day           text not null,
  count         integer not null,
  last_at       integer not null,
  last_sha256   text not null,
  primary key (source, reason, day)
) strict;
