-- Brings a project that has some of the tables in an older shape up to what the other files build on.
-- Does nothing in an empty database. Takes nothing away and changes no outcome. Applies twice.
create schema if not exists private;

do $$
declare
  place record;
  kind text;
  held record;
begin
  -- Everything else compares these with uuids: better to stop here, with nothing changed, than half way.
  for place in select * from (values
      ('customers', 'id'), ('jobs', 'id'), ('jobs', 'customer_id'), ('directories', 'id'),
      ('directory_submissions', 'submission_queue_id'), ('job_results', 'job_id'), ('queue_history', 'job_id')
    ) as needed (tab, col) loop
    select format_type(a.atttypid, a.atttypmod) into kind from pg_attribute a
     where a.attrelid = to_regclass('public.' || place.tab) and a.attname = place.col and not a.attisdropped;
    if kind <> 'uuid' then
      raise exception '%.% is % here, and this schema needs uuid. Nothing was changed.', place.tab, place.col, kind
        using errcode = '0A000', hint = 'The console reads this project as it is; acts of staff need the schema.';
    end if;
  end loop;

  -- Twelve digits, not six: all rows of today get one of the same day, and six would meet among a few thousand.
  alter table if exists public.customers
    add column if not exists customer_id text unique default 'DIR-' || to_char(now() at time zone 'utc', 'YYYYMMDD')
      || '-' || upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)),
    add column if not exists phone text, add column if not exists website text, add column if not exists address text,
    add column if not exists city text, add column if not exists state text, add column if not exists zip text,
    add column if not exists country text, add column if not exists description text,
    add column if not exists category text,
    add column if not exists package_type text not null default 'starter',
    add column if not exists status text not null default 'active',
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now();
  alter table if exists public.jobs
    add column if not exists package_type text not null default 'starter',
    add column if not exists package_size int, add column if not exists priority_level int,
    add column if not exists directories_total int not null default 0,
    add column if not exists directories_done int not null default 0,
    add column if not exists progress int not null default 0,
    add column if not exists started_at timestamptz, add column if not exists completed_at timestamptz,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists error_message text,
    add column if not exists metadata jsonb not null default '{}',
    add column if not exists version bigint not null default 1;
  alter table if exists public.directories
    add column if not exists website text, add column if not exists category text,
    add column if not exists submission_url text,
    add column if not exists domain_authority int not null default 0,
    add column if not exists tier_required int not null default 1,
    add column if not exists difficulty text, add column if not exists active boolean not null default true,
    add column if not exists requires_login boolean not null default false,
    add column if not exists has_captcha boolean not null default false,
    add column if not exists field_selectors jsonb not null default '{}',
    add column if not exists failure_rate numeric,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now();
  alter table if exists public.directory_submissions
    add column if not exists status text not null default 'pending',
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists version bigint not null default 1;
  alter table if exists public.job_results
    add column if not exists status text,
    add column if not exists idempotency_key text unique,
    add column if not exists payload jsonb not null default '{}',
    add column if not exists response_log jsonb not null default '{}',
    add column if not exists screenshot_url text, add column if not exists listing_url text,
    add column if not exists error_message text, add column if not exists claim_owner text,
    add column if not exists claim_expires_at timestamptz,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    add column if not exists version bigint not null default 1;
  alter table if exists public.queue_history
    add column if not exists job_id uuid, add column if not exists directory_name text,
    add column if not exists event text, add column if not exists details jsonb not null default '{}',
    add column if not exists worker_id text,
    add column if not exists created_at timestamptz not null default clock_timestamp();
  -- No default for the sign of life: workers of old keep writing last_seen, and must not look alive by it.
  alter table if exists public.worker_heartbeats
    add column if not exists queue_name text, add column if not exists status text not null default 'idle',
    add column if not exists current_job_id uuid, add column if not exists last_heartbeat timestamptz,
    add column if not exists metadata jsonb not null default '{}';

  -- Where old and new spellings live side by side, a check must let both in.
  for held in select c.conrelid::regclass as tab, c.conname from pg_constraint c
      join (values ('jobs', array['completed', 'failed', 'paused', 'cancelled']),
                   ('directory_submissions', array['submitting', 'submitted', 'failed', 'skipped']),
                   ('job_results', array['submitting', 'submitted', 'failed', 'skipped'])) as needed (tab, words)
        on c.conrelid = to_regclass('public.' || needed.tab)
     where c.contype = 'c' and pg_get_constraintdef(c.oid) ~ '\mstatus\M'
       and exists (select from unnest(needed.words) word where pg_get_constraintdef(c.oid) !~ ('''' || word || '''')) loop
    execute format('alter table %s drop constraint %I', held.tab, held.conname);
    raise notice 'The check % on % did not let all statuses in; it is gone.', held.conname, held.tab;
  end loop;

  if exists (select from pg_attribute where attrelid = to_regclass('public.job_results')
              and attname = 'submission_status' and not attisdropped) then
    -- What was submitted must count as submitted, or it could be submitted twice.
    create or replace function private.fill_older_result() returns trigger language plpgsql set search_path = '' as $f$
    begin
      if new.status is null or (tg_op = 'UPDATE' and new.status is not distinct from old.status
                                and new.submission_status is distinct from old.submission_status) then
        new.status := case
          when new.submission_status in ('submitted', 'success', 'approved') then 'submitted'
          when new.submission_status in ('failed', 'rejected', 'error', 'captcha_failed', '2fa_required',
                                         'requires_manual') then 'failed'
          when new.submission_status = 'skipped' then 'skipped'
          else 'submitting' end;
      end if;
      return new;
    end $f$;
    create or replace trigger fill_older before insert or update on public.job_results
      for each row execute function private.fill_older_result();
    update public.job_results set status = null where status is null;
  end if;
end $$;
