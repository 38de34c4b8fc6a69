-- Storage of the local queue endpoint: two tables, SKIP LOCKED. Applies twice.
create schema if not exists sqs;
create table if not exists sqs.queues (
  name text primary key,
  attributes jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  modified_at timestamptz not null default clock_timestamp()
);
create table if not exists sqs.messages (
  message_id uuid primary key default gen_random_uuid(),
  queue text not null references sqs.queues on delete cascade,
  body text not null,
  attributes jsonb not null default '{}',
  sender text not null default '',
  sent_at timestamptz not null default clock_timestamp(),
  visible_at timestamptz not null default clock_timestamp(),
  receive_count int not null default 0,
  first_received_at timestamptz,
  receipt uuid,
  source_queue text
);
create index if not exists messages_by_visibility on sqs.messages (queue, visible_at);
