-- Tables of the product. Applies twice; needs nothing newer than PostgreSQL 15.
create schema if not exists private;
grant usage on schema private to authenticated, service_role;

create or replace function private.new_customer_id() returns text language sql volatile as $$
  select 'DIR-' || to_char(now() at time zone 'utc', 'YYYYMMDD') || '-'
      || upper(substr(translate(encode(decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), 'base64'), '+/=', 'XYZ'), 1, 6))
$$;

create table if not exists public.customers (
  id uuid primary key default gen_random_uuid(),
  customer_id text not null unique default private.new_customer_id(),
  business_name text not null,
  email text not null,
  phone text, website text, address text, city text, state text, zip text, country text,
  description text, category text,
  package_type text not null default 'starter',
  status text not null default 'active' check (status in ('active', 'inactive', 'suspended')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists public.jobs (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customers,
  status text not null default 'pending'
    check (status in ('pending', 'in_progress', 'completed', 'failed', 'paused', 'cancelled')),
  package_type text not null default 'starter'
    check (package_type in ('starter', 'growth', 'professional', 'enterprise')),
  package_size int,
  priority_level int,
  directories_total int not null default 0,
  directories_done int not null default 0,
  progress int not null default 0 check (progress between 0 and 100),
  started_at timestamptz,
  completed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  error_message text,
  metadata jsonb not null default '{}',
  version bigint not null default 1
);
create index if not exists jobs_by_update on public.jobs (updated_at, id);
create index if not exists jobs_by_customer on public.jobs (customer_id);

create table if not exists public.directories (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  website text,
  submission_url text not null,
  category text,
  domain_authority int not null default 0 check (domain_authority between 0 and 100),
  tier_required int not null default 1 check (tier_required between 1 and 4),
  difficulty text,
  active boolean not null default true,
  requires_login boolean not null default false,
  has_captcha boolean not null default false,
  field_selectors jsonb not null default '{}',
  failure_rate numeric,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index if not exists directories_by_url on public.directories (submission_url);

create table if not exists public.directory_submissions (
  id uuid primary key default gen_random_uuid(),
  submission_queue_id uuid not null references public.jobs on delete cascade,
  directory_url text not null,
  status text not null default 'pending' check (status in ('pending', 'submitting', 'submitted', 'failed', 'skipped')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1,
  unique (submission_queue_id, directory_url)
);

create table if not exists public.job_results (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null references public.jobs,
  directory_name text not null,
  status text not null default 'submitting' check (status in ('submitting', 'submitted', 'failed', 'skipped')),
  idempotency_key text not null unique,
  payload jsonb not null default '{}',
  response_log jsonb not null default '{}',
  screenshot_url text,
  listing_url text,
  error_message text,
  claim_owner text,
  claim_expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1
);
create index if not exists job_results_by_job on public.job_results (job_id);

create table if not exists public.queue_history (
  id bigint generated always as identity primary key,
  job_id uuid,
  directory_name text,
  event text not null,
  details jsonb not null default '{}',
  worker_id text,
  created_at timestamptz not null default clock_timestamp()
);
create index if not exists queue_history_by_job on public.queue_history (job_id, created_at);
create index if not exists queue_history_by_time on public.queue_history (created_at, id);

create table if not exists public.worker_heartbeats (
  worker_id text primary key,
  queue_name text,
  status text not null default 'starting' check (status in ('starting', 'idle', 'running', 'paused', 'error')),
  current_job_id uuid,
  last_heartbeat timestamptz not null default now(),
  metadata jsonb not null default '{}'
);

create table if not exists public.staff_actions (
  id bigint generated always as identity primary key,
  request_id uuid not null unique,
  actor uuid,
  role text not null,
  act text not null,
  target text not null,
  reason text,
  counts jsonb not null default '{}',
  before jsonb,
  after jsonb,
  created_at timestamptz not null default clock_timestamp()
);

-- Messages to send. Written in the transaction of the change that they announce, sent by the pipeline's relay.
create table if not exists public.outbox (
  id bigint generated always as identity primary key,
  job_id uuid references public.jobs,
  body jsonb not null,
  attempts int not null default 0,
  last_error text,
  message_id text,
  sent_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);
create index if not exists outbox_waiting on public.outbox (id) where sent_at is null;

-- Flow runs: durable even when no worker is up. One row per queue message.
create table if not exists public.flow_runs (
  id uuid primary key default gen_random_uuid(),
  idempotency_key text not null unique,
  deployment text not null,
  parameters jsonb not null,
  state text not null default 'scheduled' check (state in ('scheduled', 'running', 'completed', 'failed')),
  worker_id text,
  lease_until timestamptz,
  attempt int not null default 0,
  error text,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz
);
-- How often its worker was lost in the middle of it.
alter table public.flow_runs add column if not exists lapses int not null default 0;
create index if not exists flow_runs_open on public.flow_runs (created_at) where state in ('scheduled', 'running');

-- Directories that staff keep out of new work lists.
create table if not exists public.paused_directories (
  directory_id uuid primary key references public.directories on delete cascade,
  actor uuid,
  reason text not null,
  created_at timestamptz not null default clock_timestamp()
);

create or replace function private.touch_row() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  if to_jsonb(new) ? 'version' then
    new := jsonb_populate_record(new, jsonb_build_object('version', (to_jsonb(old) ->> 'version')::bigint + 1));
  end if;
  return new;
end $$;

create or replace function private.fill_job() returns trigger language plpgsql as $$
begin
  new.package_size := coalesce(new.package_size,
    case new.package_type when 'starter' then 50 when 'growth' then 100 when 'professional' then 300 else 500 end);
  new.priority_level := coalesce(new.priority_level,
    case new.package_type when 'enterprise' then 1 when 'professional' then 2 else 3 end);
  return new;
end $$;

create or replace function private.append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;

do $$
declare t text;
begin
  foreach t in array array['customers', 'jobs', 'directories', 'directory_submissions', 'job_results'] loop
    execute format('create or replace trigger touch before update on public.%I for each row execute function private.touch_row()', t);
  end loop;
  foreach t in array array['queue_history', 'staff_actions'] loop
    execute format('create or replace trigger append_only before update or delete on public.%I for each row execute function private.append_only()', t);
    execute format('create or replace trigger no_truncate before truncate on public.%I for each statement execute function private.append_only()', t);
  end loop;
end $$;
create or replace trigger fill before insert on public.jobs for each row execute function private.fill_job();
