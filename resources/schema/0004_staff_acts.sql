-- What staff can do. Each act checks the role, changes state, writes the audit and the outbox row in one transaction,
-- and answers the same again when asked twice with one request id. Applies twice.

create or replace function private.require_operator() returns text
language plpgsql stable security definer set search_path = '' as $$
declare r text := private.staff_role();
begin
  if r is null or r = 'viewer' then
    raise exception 'This needs the role operator or admin.' using errcode = '42501';
  end if;
  return r;
end $$;

-- Puts failed directories of a job back on its work list and queues the job again. p_directories: hosts, or null for all failed.
create or replace function public.staff_retry_failed(
  p_request_id uuid, p_job uuid, p_directories text[] default null, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  role text := private.require_operator();
  job public.jobs;
  hosts text[];
  answer jsonb;
  sent bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_request_id::text, 0));
  select a.after into answer from public.staff_actions a where a.request_id = p_request_id;
  if found then
    return answer;
  end if;
  select * into job from public.jobs where id = p_job for update;
  if not found then
    raise exception 'This job does not exist.' using errcode = 'P0002';
  end if;
  if job.status not in ('completed', 'failed') then
    raise exception 'This job is %: retry when it has ended.', replace(job.status, '_', ' ') using errcode = '55000';
  end if;
  with changed as (
    update public.directory_submissions set status = 'pending'
     where submission_queue_id = p_job and status = 'failed'
       and (p_directories is null or private.host_of(directory_url) = any (p_directories))
    returning private.host_of(directory_url) as host)
  select array_agg(host order by host) into hosts from changed;
  if hosts is null then
    raise exception 'No directory of this job has failed.' using errcode = '55000';
  end if;
  perform private.count_directories(p_job);
  update public.jobs set status = 'pending', completed_at = null, error_message = null where id = p_job;
  sent := private.queue_job(p_job, 'staff_retry', jsonb_build_object('request_id', p_request_id, 'directories', to_jsonb(hosts)));
  answer := jsonb_build_object('job_id', p_job, 'directories', to_jsonb(hosts), 'outbox_id', sent);
  insert into public.staff_actions (request_id, actor, role, act, target, reason, counts, before, after)
  values (p_request_id, auth.uid(), role, 'retry_failed', p_job::text, p_reason,
          jsonb_build_object('directories', cardinality(hosts)), jsonb_build_object('status', job.status), answer);
  insert into public.queue_history (job_id, event, details)
  values (p_job, 'staff_retry', jsonb_build_object('actor', auth.jwt() ->> 'email', 'reason', p_reason,
          'request_id', p_request_id, 'directories', to_jsonb(hosts)));
  return answer;
end $$;

-- Claims a directory for a real run on the caller's own machine. Answers like claim_submission.
create or replace function public.staff_claim_run(
  p_job uuid, p_directory text, p_key text, p_payload jsonb, p_run_id uuid, p_lease_seconds int default 480
) returns text language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_operator();
  return public.claim_submission(p_job, p_directory, p_key, 'staff:' || auth.uid() || ':' || p_run_id, p_payload,
                                 least(greatest(p_lease_seconds, 30), 2010));
end $$;

-- Writes the outcome of a run that the caller claimed with the same run id.
create or replace function public.staff_finish_run(
  p_job uuid, p_directory text, p_key text, p_run_id uuid, p_status text, p_response_log jsonb,
  p_screenshot_url text default null, p_listing_url text default null, p_error text default null,
  p_duration_ms int default null
) returns boolean language plpgsql security definer set search_path = '' as $$
declare
  role text := private.require_operator();
  written boolean;
begin
  written := public.record_outcome(p_job, p_directory, p_key, 'staff:' || auth.uid() || ':' || p_run_id, p_status,
                                   p_response_log, p_screenshot_url, p_listing_url, p_error, p_duration_ms);
  if written then
    insert into public.staff_actions (request_id, actor, role, act, target, counts, after)
    values (p_run_id, auth.uid(), role, 'run_here', p_job::text || '/' || p_directory, '{"directories": 1}',
            jsonb_build_object('status', p_status))
    on conflict (request_id) do nothing;
    insert into public.queue_history (job_id, directory_name, event, details)
    values (p_job, p_directory, 'staff_run', jsonb_build_object('actor', auth.jwt() ->> 'email',
            'request_id', p_run_id, 'status', p_status));
  end if;
  return written;
end $$;

do $$
declare f text;
begin
  execute 'revoke execute on function private.require_operator() from public';
  foreach f in array array[
    'public.staff_retry_failed(uuid, uuid, text[], text)',
    'public.staff_claim_run(uuid, text, text, jsonb, uuid, int)',
    'public.staff_finish_run(uuid, text, text, uuid, text, jsonb, text, text, text, int)'] loop
    execute format('revoke execute on function %s from public, anon', f);
    execute format('grant execute on function %s to authenticated, service_role', f);
  end loop;
end $$;
