-- Functions of the pipeline: work list, claim, outcome, end of a job. Applies twice.
-- Each one leaves its row, its event and its counts in the caller's single transaction.

create or replace function private.host_of(url text) returns text language sql immutable set search_path = '' as $$
  select lower(substring(url from '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/:?#]+)'))
$$;

-- Writes the job's work list: active, not paused directories of the package's tiers, each host once, best first, at most
-- package_size. Called again it adds what is missing. Returns how many are listed.
create or replace function public.create_work_list(p_job uuid) returns int
language plpgsql security definer set search_path = '' as $$
declare
  job public.jobs;
  listed int;
begin
  select * into strict job from public.jobs where id = p_job for update;
  select count(*) into listed from public.directory_submissions where submission_queue_id = p_job;
  insert into public.directory_submissions (submission_queue_id, directory_url)
  select p_job, best.submission_url
    from (select distinct on (private.host_of(d.submission_url)) d.submission_url, d.domain_authority, d.name
            from public.directories d
           where d.active and private.host_of(d.submission_url) is not null
             and not exists (select from public.paused_directories p where p.directory_id = d.id) and d.tier_required <=
                 case job.package_type when 'starter' then 1 when 'growth' then 2 when 'professional' then 3 else 4 end
           order by private.host_of(d.submission_url), d.domain_authority desc, d.name) best
   where not exists (select from public.directory_submissions s where s.submission_queue_id = p_job
                        and private.host_of(s.directory_url) = private.host_of(best.submission_url))
   order by best.domain_authority desc, best.name
   limit greatest(job.package_size - listed, 0);
  perform private.count_directories(p_job);
  select count(*) into listed from public.directory_submissions where submission_queue_id = p_job;
  if listed < job.package_size and not exists (
    select from public.queue_history h
     where h.job_id = p_job and h.event = 'work_list_short' and h.details -> 'listed' = to_jsonb(listed)) then
    insert into public.queue_history (job_id, event, details)
    values (p_job, 'work_list_short', jsonb_build_object('listed', listed, 'package_size', job.package_size));
  end if;
  return listed;
end $$;

-- The message of a job, to be sent by the relay.
create or replace function private.queue_job(p_job uuid, p_source text, p_metadata jsonb default null) returns bigint
language sql security definer set search_path = '' as $$
  insert into public.outbox (job_id, body)
  select j.id, jsonb_strip_nulls(jsonb_build_object(
           'job_id', j.id, 'customer_id', j.customer_id, 'package_size', j.package_size,
           'priority', case j.package_type when 'enterprise' then 'enterprise' when 'professional' then 'pro' else 'starter' end,
           'created_at', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'source', p_source, 'metadata', p_metadata))
    from public.jobs j where j.id = p_job
  returning id
$$;

-- Takes (job, directory) for one owner. Answers 'claimed', 'duplicate', 'in_flight' or 'outcome_unknown'.
-- Only 'claimed' may go on. A claim that ran out says that somebody may have pressed submit: nobody knows.
-- This and all that follow lock the job's row first: they wait for each other in one order.
create or replace function public.claim_submission(
  p_job uuid, p_directory text, p_key text, p_owner text, p_payload jsonb, p_lease_seconds int
) returns text language plpgsql security definer set search_path = '' as $$
declare
  held public.job_results;
  answer text;
  expires timestamptz;
begin
  perform from public.jobs where id = p_job for no key update;
  if not found then
    raise exception 'This job does not exist.' using errcode = 'PT404';
  end if;
  expires := clock_timestamp() + make_interval(secs => p_lease_seconds);
  -- A plan with other factors, or a renamed business, gives another key: the directory is still the same.
  select * into held from public.job_results
   where (job_id = p_job and directory_name = p_directory and status <> 'failed') or idempotency_key = p_key
   order by status = 'failed', status = 'submitting'
   limit 1 for update;
  if not found then
    answer := 'claimed';
    insert into public.job_results (job_id, directory_name, status, idempotency_key, payload, claim_owner, claim_expires_at)
    values (p_job, p_directory, 'submitting', p_key, p_payload, p_owner, expires);
  elsif held.job_id <> p_job or held.directory_name <> p_directory then
    raise exception 'This key belongs to another submission.' using errcode = '22023';
  else
    answer := case
      when held.status in ('submitted', 'skipped') then 'duplicate'
      when held.status = 'failed' then 'claimed'
      when held.claim_expires_at > clock_timestamp() and held.claim_owner is distinct from p_owner then 'in_flight'
      else 'outcome_unknown' end;
    if answer = 'claimed' then
      -- What the failed try left is in the history; the row tells of this try.
      update public.job_results
         set status = 'submitting', payload = p_payload, claim_owner = p_owner, claim_expires_at = expires,
             response_log = '{}', screenshot_url = null, listing_url = null, error_message = null
       where id = held.id;
    end if;
  end if;
  if answer in ('claimed', 'duplicate') then
    insert into public.queue_history (job_id, directory_name, event, details, worker_id)
    values (p_job, p_directory, case answer when 'claimed' then 'submitting' else 'skipped_duplicate' end,
            jsonb_build_object('idem', p_key), p_owner);
  end if;
  perform private.mark_item(p_job, p_directory, case answer when 'duplicate' then held.status else 'submitting' end);
  return answer;
end $$;

-- Gives a directory's place on the work list the status of its result, and the job its counts.
create or replace function private.mark_item(p_job uuid, p_directory text, p_status text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update public.directory_submissions set status = p_status
   where submission_queue_id = p_job and private.host_of(directory_url) = p_directory and status <> p_status;
  perform private.count_directories(p_job);
end $$;

create or replace function private.count_directories(p_job uuid) returns void
language sql security definer set search_path = '' as $$
  update public.jobs j
     set directories_done = c.done, directories_total = c.total, progress = c.progress
    from (select n.done, n.total, case when n.total = 0 then 0 else n.done * 100 / n.total end as progress
            from (select count(*) filter (where status in ('submitted', 'failed', 'skipped'))::int as done, count(*)::int as total
                    from public.directory_submissions where submission_queue_id = p_job) n) c
   where j.id = p_job and (j.directories_done, j.directories_total, j.progress) is distinct from (c.done, c.total, c.progress)
$$;

-- A claim's payload with the values that its plan left out until the browser saw that their fields hold no password.
-- p_typed: {number of the step: value}.
create or replace function private.with_typed(p_payload jsonb, p_typed jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select case when jsonb_typeof(p_typed) = 'object' and jsonb_typeof(p_payload -> 'plan') = 'array' then
    jsonb_set(p_payload, '{plan}', coalesce(
      (select jsonb_agg(case when jsonb_typeof(e.step) = 'object' and p_typed ? (e.n - 1)::text
                             then e.step || jsonb_build_object('value', p_typed -> (e.n - 1)::text) else e.step end
                        order by e.n)
         from jsonb_array_elements(p_payload -> 'plan') with ordinality e(step, n)), '[]'))
    else p_payload end
$$;

-- Writes the outcome into the row that the same owner claimed. p_status: submitted, failed, skipped or unknown.
-- Unknown keeps the row 'submitting' without an owner: only a person's declaration moves it.
-- A late outcome counts too: an expired claim is nobody else's. A job that has ended is worked out again.
-- False when the claim is no longer this owner's: then nothing is written.
create or replace function public.record_outcome(
  p_job uuid, p_directory text, p_key text, p_owner text, p_status text, p_response_log jsonb,
  p_screenshot_url text, p_listing_url text, p_error text, p_duration_ms int
) returns boolean language plpgsql security definer set search_path = '' as $$
declare
  details jsonb := jsonb_strip_nulls(jsonb_build_object(
    'idem', p_key, 'duration_ms', p_duration_ms, 'screenshot_url', p_screenshot_url, 'error', p_error));
begin
  if p_status is null or p_status not in ('submitted', 'failed', 'skipped', 'unknown') then
    raise exception 'status must be submitted, failed, skipped or unknown, not %', p_status using errcode = '22023';
  end if;
  perform from public.jobs where id = p_job for no key update;
  update public.job_results
     set status = case when p_status = 'unknown' then 'submitting' else p_status end,
         claim_owner = case when p_status <> 'unknown' then claim_owner end, claim_expires_at = clock_timestamp(),
         payload = private.with_typed(payload, p_response_log -> 'typed'),
         response_log = coalesce(p_response_log, '{}') - 'typed', screenshot_url = p_screenshot_url,
         listing_url = p_listing_url, error_message = p_error
   where idempotency_key = p_key and job_id = p_job and directory_name = p_directory
     and status = 'submitting' and claim_owner = p_owner;
  if not found then
    return false;
  end if;
  insert into public.queue_history (job_id, directory_name, event, details, worker_id)
  values (p_job, p_directory, p_status, details, p_owner);
  if p_status <> 'unknown' then
    insert into public.queue_history (job_id, directory_name, event, details, worker_id)
    values (p_job, p_directory, 'submission_complete', details || jsonb_build_object('status', p_status), p_owner);
    perform private.mark_item(p_job, p_directory, p_status);
  end if;
  perform private.settle_again(p_job);
  return true;
end $$;

-- How a job ends by what its work list says, as the contracts count it. A directory that is still 'submitting' has no
-- outcome that anybody knows, but for one that staff run on their desk: that ends the job once more.
create or replace function private.end_of(
  p_job uuid, out final_status text, out error_message text, out counts jsonb
) language sql stable security definer set search_path = '' as $$
  select case when n.failed = n.total then 'failed' else 'completed' end,
         case when n.total = 0 then 'No directories processed'
              else nullif(concat_ws(', ',
                case when n.failed > 0 then format('%s of %s submissions failed', n.failed, n.total) end,
                case when n.unknown > 0 then format('%s outcome%s unknown', n.unknown, case when n.unknown > 1 then 's' end)
                end,
                case when n.running > 0 then format('%s still run by staff', n.running) end), '') end,
         jsonb_strip_nulls(jsonb_build_object('total', n.total, 'submitted', n.submitted, 'failed', n.failed,
                                              'skipped', n.skipped, 'unknown', nullif(n.unknown, 0),
                                              'running', nullif(n.running, 0)))
    from (select count(*) as total,
                 count(*) filter (where status = 'submitted') as submitted,
                 count(*) filter (where status = 'failed') as failed,
                 count(*) filter (where status = 'skipped') as skipped,
                 count(*) filter (where status = 'submitting' and not by_staff) as unknown,
                 count(*) filter (where status = 'submitting' and by_staff) as running
            from (select s.status, s.status = 'submitting' and exists (
                    select from public.job_results r
                     where r.job_id = p_job and r.directory_name = private.host_of(s.directory_url)
                       and r.status = 'submitting' and r.claim_owner like 'staff:%'
                       and r.claim_expires_at > clock_timestamp()) as by_staff
                    from public.directory_submissions s where s.submission_queue_id = p_job) listed) n
$$;

-- Ends a job. Returns the final status.
create or replace function public.finalize_job(p_job uuid, p_worker text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  ended record;
begin
  perform from public.jobs where id = p_job for no key update;
  perform private.count_directories(p_job);
  select * into ended from private.end_of(p_job);
  update public.jobs
     set status = ended.final_status, completed_at = clock_timestamp(), error_message = ended.error_message
   where id = p_job;
  insert into public.queue_history (job_id, event, details, worker_id)
  values (p_job, 'job_finalized', jsonb_build_object('final_status', ended.final_status) || ended.counts, p_worker);
  return ended.final_status;
end $$;

-- Works out again how an ended job ended. A job that has not ended is left to its worker, and one that broke off, with
-- directories still pending, keeps its reason.
create or replace function private.settle_again(p_job uuid) returns void
language sql security definer set search_path = '' as $$
  update public.jobs j
     set status = e.final_status, error_message = e.error_message
    from private.end_of(p_job) e
   where j.id = p_job and j.status in ('completed', 'failed')
     and (j.status, j.error_message) is distinct from (e.final_status, e.error_message)
     and not exists (select from public.directory_submissions s where s.submission_queue_id = p_job and s.status = 'pending')
$$;

-- Says once of a claimed directory that nobody knows how it ended. True when it was said now.
create or replace function private.note_unknown(p_job uuid, p_directory text, p_reason text, p_worker text)
returns boolean language plpgsql security definer set search_path = '' as $$
declare
  held public.job_results;
begin
  perform from public.jobs where id = p_job for no key update;
  select * into held from public.job_results
   where job_id = p_job and directory_name = p_directory and status = 'submitting' limit 1 for update;
  if not found or exists (
    select from public.queue_history h
     where h.job_id = p_job and h.directory_name = p_directory and h.event = 'unknown'
       and h.details ->> 'idem' = held.idempotency_key
       and h.id > coalesce((select max(s.id) from public.queue_history s
                             where s.job_id = p_job and s.directory_name = p_directory and s.event = 'submitting'
                               and s.details ->> 'idem' = held.idempotency_key), 0)) then
    return false;
  end if;
  update public.job_results set response_log = response_log || jsonb_build_object('reasons', jsonb_build_array(p_reason))
   where id = held.id;
  insert into public.queue_history (job_id, directory_name, event, details, worker_id)
  values (p_job, p_directory, 'unknown', jsonb_build_object('idem', held.idempotency_key, 'error', p_reason), p_worker);
  return true;
end $$;

-- Ends a job whose flow run is given up. What was claimed and is nobody's now is unknown; what waits has failed,
-- since nothing of it was sent. A job that ended before, or that staff stopped, is left as it is.
create or replace function public.give_up_job(p_job text, p_worker text, p_reason text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  job public.jobs;
  words text;
begin
  select * into job from public.jobs where id::text = lower(p_job) for no key update;
  if not found or job.status not in ('pending', 'in_progress') then
    return;
  end if;
  perform private.note_unknown(job.id, r.directory_name, p_reason, p_worker)
     from public.job_results r
    where r.job_id = job.id and r.status = 'submitting'
      and (r.claim_expires_at is null or r.claim_expires_at <= clock_timestamp());
  with given_up as (
    update public.directory_submissions set status = 'failed'
     where submission_queue_id = job.id and status = 'pending'
    returning private.host_of(directory_url) as host)
  insert into public.queue_history (job_id, directory_name, event, details, worker_id)
  select job.id, host, 'failed', jsonb_build_object('error', p_reason), p_worker from given_up;
  perform private.count_directories(job.id);
  select concat_ws('. ', p_reason, e.error_message) into words from private.end_of(job.id) e;
  update public.jobs set status = 'failed', error_message = words, completed_at = clock_timestamp() where id = job.id;
  insert into public.queue_history (job_id, event, details, worker_id)
  values (job.id, 'job_failed', jsonb_build_object('reason', words), p_worker);
end $$;

do $$
declare f text;
begin
  foreach f in array array[
    'public.create_work_list(uuid)',
    'private.queue_job(uuid, text, jsonb)',
    'private.mark_item(uuid, text, text)',
    'private.count_directories(uuid)',
    'private.end_of(uuid)',
    'private.with_typed(jsonb, jsonb)',
    'private.settle_again(uuid)',
    'public.claim_submission(uuid, text, text, text, jsonb, int)',
    'public.record_outcome(uuid, text, text, text, text, jsonb, text, text, text, int)',
    'private.note_unknown(uuid, text, text, text)',
    'public.give_up_job(text, text, text)',
    'public.finalize_job(uuid, text)'] loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $$;
