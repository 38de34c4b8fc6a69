-- Jobs that stand still, or that count a run that does: finding them, seeing to them. Applies twice.

-- Jobs that nobody has ended, stopped or in hand, with the last that was heard of each. A message that waits to be sent
-- or a flow run that waits for a worker is hope enough; that staff have seen it is no sign of life. A job of which
-- nothing was ever heard isn't here: its message may stand in a long queue or among the dead letters, and a second one
-- would help neither.
create or replace view private.jobs_at_rest as
  select j.id as job_id, j.customer_id, j.status, heard.event as last_event, heard.created_at as last_event_at
    from public.jobs j
    cross join lateral (select h.event, h.created_at from public.queue_history h
                        where h.job_id = j.id and h.event <> 'staff_acknowledge' order by h.created_at desc limit 1) heard
   where j.status in ('pending', 'in_progress')
     and not exists (select from public.outbox o where o.job_id = j.id and o.sent_at is null)
     and not exists (select from public.flow_runs f
                      where f.state in ('scheduled', 'running') and f.parameters ->> 'job_id' = j.id::text
                        and (f.state = 'scheduled' or f.lease_until >= clock_timestamp()));

-- The jobs of which nothing was heard for so long, the longest silence first.
create or replace function private.stale_jobs(p_silence interval) returns setof private.jobs_at_rest
language sql stable security definer set search_path = '' as $$
  select * from private.jobs_at_rest r where r.last_event_at < clock_timestamp() - p_silence order by r.last_event_at
$$;

create or replace function public.find_stale_jobs(threshold_minutes int default 10)
returns table (job_id uuid, customer_id uuid, status text, last_event text, last_event_at timestamptz)
language sql stable security definer set search_path = '' as $$
  select * from private.stale_jobs(make_interval(mins => threshold_minutes))
$$;

-- Queues a job again that is still stale once nobody else can touch it: 'queued'. 'left' when it was queued again
-- p_limit times already: people have to look. Null when it isn't stale (any more).
create or replace function private.requeue_stale_job(p_job uuid, p_silence interval, p_limit int) returns text
language plpgsql security definer set search_path = '' as $$
declare
  stale private.jobs_at_rest;
  times int;
begin
  perform from public.jobs where id = p_job for no key update;
  select * into stale from private.jobs_at_rest r
   where r.job_id = p_job and r.last_event_at < clock_timestamp() - p_silence;
  if not found then
    return null;
  end if;
  select count(*) into times from public.queue_history h where h.job_id = p_job and h.event = 'requeued_stale';
  if times >= p_limit then
    return 'left';
  end if;
  update public.jobs set status = 'pending' where id = p_job and status <> 'pending';
  insert into public.queue_history (job_id, event, details)
  values (p_job, 'requeued_stale', jsonb_build_object('last_event', stale.last_event,
          'last_event_at', stale.last_event_at, 'status', stale.status, 'times', times + 1,
          'outbox_id', private.queue_job(p_job, 'stale_monitor')));
  return 'queued';
end $$;

-- Ended jobs that by their words (those of end_of) count a directory as run on a desk whose claim has run out since:
-- its program ended without a word, and nobody else works such a job out again.
create or replace function private.lapsed_jobs() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select j.id from public.jobs j
   where j.status in ('completed', 'failed') and j.error_message like '%still run by staff%'
     and exists (select from public.job_results r
                  where r.job_id = j.id and r.status = 'submitting' and r.claim_owner like 'staff:%'
                    and r.claim_expires_at <= clock_timestamp())
     and not exists (select from public.directory_submissions s
                      where s.submission_queue_id = j.id and s.status = 'pending')
$$;

-- Works such a job out again. An outcome that is being written meanwhile is waited for.
create or replace function private.settle_lapsed_job(p_job uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform from public.jobs where id = p_job for no key update;
  perform private.settle_again(p_job);
end $$;

do $$
declare f text;
begin
  execute 'revoke all on private.jobs_at_rest from public, anon, authenticated';
  foreach f in array array[
    'public.find_stale_jobs(int)',
    'private.stale_jobs(interval)',
    'private.requeue_stale_job(uuid, interval, int)',
    'private.lapsed_jobs()',
    'private.settle_lapsed_job(uuid)'] loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $$;
