-- Functions of the pipeline: work list, claim, outcome, end of a job. Applies twice.
-- Each one leaves its row, its event and its counts in the caller's single transaction.

create or replace function private.host_of(url text) returns text language sql immutable set search_path = '' as $$
  select lower(substring(url from '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/:?#]+)'))
$$;

-- Writes the job's work list: active, unpaused directories of the package's tiers, best first, at most package_size.
create or replace function public.create_work_list(p_job uuid) returns int
language plpgsql security definer set search_path = '' as $$
declare
  job public.jobs;
  listed int;
begin
  select * into strict job from public.jobs where id = p_job for update;
  insert into public.directory_submissions (submission_queue_id, directory_url)
  select p_job, d.submission_url
    from public.directories d
   where d.active and d.tier_required <=
         case job.package_type when 'starter' then 1 when 'growth' then 2 when 'professional' then 3 else 4 end
   order by d.domain_authority desc, d.name
   limit job.package_size
  on conflict do nothing;
  select count(*) into listed from public.directory_submissions where submission_queue_id = p_job;
  update public.jobs set directories_total = listed where id = p_job;
  if listed < job.package_size then
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
create or replace function public.claim_submission(
  p_job uuid, p_directory text, p_key text, p_owner text, p_payload jsonb, p_lease_seconds int
) returns text language plpgsql security definer set search_path = '' as $$
declare
  held public.job_results;
  answer text;
begin
  -- A plan with other factors, or a renamed business, gives another key: the directory is still the same.
  perform pg_advisory_xact_lock(hashtextextended(p_job::text || p_directory, 0));
  select * into held from public.job_results
   where job_id = p_job and directory_name = p_directory and idempotency_key <> p_key and status <> 'failed'
   limit 1 for update;
  if not found then
    insert into public.job_results (job_id, directory_name, status, idempotency_key, payload, claim_owner, claim_expires_at)
    values (p_job, p_directory, 'submitting', p_key, p_payload, p_owner,
            clock_timestamp() + make_interval(secs => p_lease_seconds))
    on conflict (idempotency_key) do nothing;
    if found then
      answer := 'claimed';
    else
      select * into strict held from public.job_results where idempotency_key = p_key for update;
    end if;
  end if;
  if answer is null then
    answer := case
      when held.status in ('submitted', 'skipped') then 'duplicate'
      when held.status = 'failed' then 'claimed'
      when held.claim_expires_at > clock_timestamp() and held.claim_owner is distinct from p_owner then 'in_flight'
      else 'outcome_unknown' end;
    if answer = 'claimed' then
      update public.job_results
         set status = 'submitting', payload = p_payload, claim_owner = p_owner, error_message = null,
             claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
       where id = held.id;
    end if;
  end if;
  if answer = 'claimed' then
    update public.directory_submissions set status = 'submitting'
     where submission_queue_id = p_job and private.host_of(directory_url) = p_directory;
    insert into public.queue_history (job_id, directory_name, event, details, worker_id)
    values (p_job, p_directory, 'submitting', jsonb_build_object('idem', p_key), p_owner);
  elsif answer = 'duplicate' then
    insert into public.queue_history (job_id, directory_name, event, details, worker_id)
    values (p_job, p_directory, 'skipped_duplicate', jsonb_build_object('idem', p_key), p_owner);
    update public.directory_submissions
       set status = case when held.status = 'submitted' then 'submitted' else 'skipped' end
     where submission_queue_id = p_job and private.host_of(directory_url) = p_directory and status = 'pending';
    perform private.count_directories(p_job);
  end if;
  return answer;
end $$;

create or replace function private.count_directories(p_job uuid) returns void
language sql security definer set search_path = '' as $$
  update public.jobs j
     set directories_done = c.done, directories_total = c.total,
         progress = case when c.total = 0 then 0 else c.done * 100 / c.total end
    from (select count(*) filter (where status in ('submitted', 'failed', 'skipped'))::int as done, count(*)::int as total
            from public.directory_submissions where submission_queue_id = p_job) c
   where j.id = p_job
$$;

-- Writes the outcome into the row that the same owner claimed. p_status: submitted, failed, skipped or unknown.
-- Unknown keeps the row 'submitting' with an expired claim: only a person's declaration moves it.
-- False when the claim is no longer this owner's: then nothing is written.
create or replace function public.record_outcome(
  p_job uuid, p_directory text, p_key text, p_owner text, p_status text, p_response_log jsonb,
  p_screenshot_url text, p_listing_url text, p_error text, p_duration_ms int
) returns boolean language plpgsql security definer set search_path = '' as $$
declare
  details jsonb := jsonb_strip_nulls(jsonb_build_object(
    'idem', p_key, 'duration_ms', p_duration_ms, 'screenshot_url', p_screenshot_url, 'error', p_error));
begin
  if p_status not in ('submitted', 'failed', 'skipped', 'unknown') then
    raise exception 'status must be submitted, failed, skipped or unknown, not %', p_status using errcode = '22023';
  end if;
  update public.job_results
     set status = case when p_status = 'unknown' then 'submitting' else p_status end,
         response_log = p_response_log, screenshot_url = p_screenshot_url, listing_url = p_listing_url,
         error_message = p_error, claim_expires_at = clock_timestamp()
   where idempotency_key = p_key and job_id = p_job and status = 'submitting' and claim_owner = p_owner;
  if not found then
    return false;
  end if;
  insert into public.queue_history (job_id, directory_name, event, details, worker_id)
  values (p_job, p_directory, p_status, details, p_owner);
  if p_status <> 'unknown' then
    update public.directory_submissions set status = p_status
     where submission_queue_id = p_job and private.host_of(directory_url) = p_directory;
    insert into public.queue_history (job_id, directory_name, event, details, worker_id)
    values (p_job, p_directory, 'submission_complete', details || jsonb_build_object('status', p_status), p_owner);
    perform private.count_directories(p_job);
  end if;
  return true;
end $$;

-- Ends a job by what its work list says, as the contracts count it. Returns the final status.
create or replace function public.finalize_job(p_job uuid, p_worker text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  n record;
  final text;
  message text;
begin
  select count(*)::int as total,
         count(*) filter (where status = 'submitted')::int as submitted,
         count(*) filter (where status = 'failed')::int as failed,
         count(*) filter (where status = 'skipped')::int as skipped
    into n from public.directory_submissions where submission_queue_id = p_job;
  if n.total = 0 then
    final := 'failed'; message := 'No directories processed';
  elsif n.failed = n.total then
    final := 'failed'; message := format('%s of %s submissions failed', n.failed, n.total);
  else
    final := 'completed';
    message := case when n.failed > 0 then format('%s of %s submissions failed', n.failed, n.total) end;
  end if;
  update public.jobs set status = final, completed_at = clock_timestamp(), error_message = message where id = p_job;
  insert into public.queue_history (job_id, event, details, worker_id)
  values (p_job, 'job_finalized', jsonb_build_object('final_status', final, 'total', n.total, 'submitted', n.submitted,
          'failed', n.failed, 'skipped', n.skipped), p_worker);
  return final;
end $$;

do $$
declare f text;
begin
  foreach f in array array[
    'public.create_work_list(uuid)',
    'private.queue_job(uuid, text, jsonb)',
    'private.count_directories(uuid)',
    'public.claim_submission(uuid, text, text, text, jsonb, int)',
    'public.record_outcome(uuid, text, text, text, text, jsonb, text, text, text, int)',
    'public.finalize_job(uuid, text)'] loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $$;
