-- What staff can do. Each act checks the role, changes state, writes the audit and the outbox row in one transaction,
-- and once it is done answers the same again when asked with the same request id. Applies twice.

create or replace function private.require_operator() returns text
language plpgsql stable security definer set search_path = '' as $$
declare r text := private.staff_role();
begin
  if r is null or r = 'viewer' then
    raise exception 'This needs the role operator or admin.' using errcode = '42501';
  end if;
  return r;
end $$;

-- Puts failed directories of a job back on its work list and queues the job again. p_directories: hosts, or null for all.
-- Those that are still pending, since the job broke off, are named too: the worker takes them with the others.
create or replace function public.staff_retry_failed(
  p_request_id uuid, p_job uuid, p_directories text[] default null, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  role text := private.require_operator();
  done public.staff_actions;
  job public.jobs;
  hosts text[];
  answer jsonb;
  sent bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_request_id::text, 0));
  select * into done from public.staff_actions a where a.request_id = p_request_id;
  if found then
    if done.act <> 'retry_failed' or done.target <> p_job::text then
      raise exception 'This request id belongs to another act.' using errcode = '22023';
    end if;
    return done.after;
  end if;
  select * into job from public.jobs where id = p_job for no key update;
  if not found then
    raise exception 'This job does not exist.' using errcode = 'PT404';
  end if;
  if job.status not in ('completed', 'failed') then
    raise exception 'This job is %: retry when it has ended.', replace(job.status, '_', ' ') using errcode = 'PT409';
  end if;
  with put_back as (
    update public.directory_submissions s set status = 'pending'
     where s.submission_queue_id = p_job and s.status = 'failed'
       and (p_directories is null or private.host_of(s.directory_url) = any (p_directories))
       -- Somebody may have submitted it: that is for a person to say.
       and not exists (select from public.job_results r
                        where r.job_id = p_job and r.directory_name = private.host_of(s.directory_url)
                          and r.status = 'submitting')
    returning private.host_of(s.directory_url) as host)
  select array_agg(found.host order by found.host) into hosts
    from (select host from put_back
          union
          select private.host_of(s.directory_url) from public.directory_submissions s
           where s.submission_queue_id = p_job and s.status = 'pending'
             and (p_directories is null or private.host_of(s.directory_url) = any (p_directories))) found;
  if hosts is null then
    raise exception 'No directory of this job has failed.' using errcode = 'PT409';
  end if;
  perform private.count_directories(p_job);
  update public.jobs set status = 'pending', completed_at = null, error_message = null where id = p_job;
  sent := private.queue_job(p_job, 'staff_retry', jsonb_build_object('request_id', p_request_id, 'directories', to_jsonb(hosts)));
  answer := jsonb_build_object('job_id', p_job, 'directories', to_jsonb(hosts), 'outbox_id', sent);
  insert into public.staff_actions (request_id, actor, role, act, target, reason, counts, before, after)
  values (p_request_id, auth.uid(), role, 'retry_failed', p_job::text, p_reason,
          jsonb_build_object('directories', cardinality(hosts)),
          jsonb_build_object('status', job.status, 'error_message', job.error_message), answer);
  insert into public.queue_history (job_id, event, details)
  values (p_job, 'staff_retry', jsonb_build_object('actor', auth.jwt() ->> 'email', 'reason', p_reason,
          'request_id', p_request_id, 'directories', to_jsonb(hosts)));
  return answer;
end $$;

-- Claims a directory for a real run on the caller's own machine. Answers like claim_submission. Each run has its own id.
create or replace function public.staff_claim_run(
  p_job uuid, p_directory text, p_key text, p_payload jsonb, p_run_id uuid, p_lease_seconds int default 480
) returns text language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_operator();
  if exists (select from public.staff_actions a where a.request_id = p_run_id) then
    raise exception 'This run id belongs to another act.' using errcode = '22023';
  end if;
  return public.claim_submission(p_job, p_directory, p_key, 'staff:' || auth.uid() || ':' || p_run_id, p_payload,
                                 least(greatest(p_lease_seconds, 30), 2010));
end $$;

-- Writes the outcome of a run that the caller claimed with the same run id; true when it is written.
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
  if not written then
    -- The same again, for a caller who didn't hear the answer.
    return exists (select from public.staff_actions a
                    where a.request_id = p_run_id and a.actor = auth.uid() and a.act = 'run_here'
                      and a.target = p_job::text || '/' || p_directory and a.after ->> 'status' = p_status);
  end if;
  insert into public.staff_actions (request_id, actor, role, act, target, counts, after)
  values (p_run_id, auth.uid(), role, 'run_here', p_job::text || '/' || p_directory, '{"directories": 1}',
          jsonb_build_object('status', p_status));
  insert into public.queue_history (job_id, directory_name, event, details)
  values (p_job, p_directory, 'staff_run', jsonb_build_object('actor', auth.jwt() ->> 'email',
          'request_id', p_run_id, 'status', p_status));
  return true;
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
