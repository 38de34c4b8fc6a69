-- What a hosted Supabase project has before our schema: roles, auth, the realtime publication.
-- Local stack only. Applies twice.
do $$
declare r text;
begin
  foreach r in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I nologin', r);
    end if;
  end loop;
  if not exists (select from pg_roles where rolname = 'authenticator') then
    create role authenticator login noinherit;
  end if;
end $$;
alter role service_role bypassrls;
grant anon, authenticated, service_role to authenticator;

create schema if not exists auth;
grant usage on schema auth, public to anon, authenticated, service_role;
alter default privileges in schema public grant select on tables to anon, authenticated;
alter default privileges in schema public grant all on tables to service_role;
alter default privileges in schema public grant all on sequences to service_role;

create table if not exists auth.users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique,
  password_hash text not null,
  app_metadata jsonb not null default '{}',
  user_metadata jsonb not null default '{}',
  created_at timestamptz not null default now()
);
-- One row a sign-in. `refreshes`: how many refresh tokens it has spent; the tokens themselves are kept nowhere.
create table if not exists auth.sessions (
  id uuid primary key,
  user_id uuid not null references auth.users on delete cascade,
  refreshes bigint not null default 0,
  refreshed_at timestamptz not null default clock_timestamp(),
  created_at timestamptz not null default now()
);
create index if not exists sessions_by_user on auth.sessions (user_id);
drop table if exists auth.refresh_tokens;

-- Sessions whose access tokens are refused though their time isn't over.
create table if not exists auth.ended_sessions (
  session_id uuid primary key,
  ended_at timestamptz not null default now()
);

create or replace function auth.jwt() returns jsonb language sql stable as
$$ select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $$;
create or replace function auth.uid() returns uuid language sql stable as
$$ select nullif(auth.jwt() ->> 'sub', '')::uuid $$;

-- Files. Their bytes are the gateway's own affair: no caller's role has a right to them.
create schema if not exists storage;
grant usage on schema storage to anon, authenticated, service_role, authenticator;
create table if not exists storage.buckets (
  id text primary key,
  name text not null unique,
  public boolean not null default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table if not exists storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text not null references storage.buckets,
  name text not null,
  owner_id text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (bucket_id, name)
);
create table if not exists storage.object_bytes (
  object_id uuid primary key references storage.objects on delete cascade,
  data bytea not null
);
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant select, insert on storage.objects to authenticated;
grant all on storage.objects to service_role;
grant select on storage.objects to anon;
grant select, insert, update on storage.object_bytes to authenticator;

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end $$;
