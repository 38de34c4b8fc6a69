-- What staff decide about a job, a directory or an outcome. Each act checks the role and the state, changes it, writes
-- the audit and the outbox row in one transaction, and answers the same again for the same request id. Applies twice.

-- The answer of an act that is done already, null when it is not. Two calls with one request id wait for each other.
create or replace function private.answered(p_request_id uuid, p_act text, p_target text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  done public.staff_actions;
begin
  if p_request_id is null then
    raise exception 'p_request_id is missing.' using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_request_id::text, 0));
  select * into done from public.staff_actions a where a.request_id = p_request_id;
  if not found then
    return null;
  end if;
  if done.act <> p_act or done.target <> p_target then
    raise exception 'This request id belongs to another act.' using errcode = '22023';
  end if;
  return done.after;
end $$;

-- Writes the audit row and the event staff_<act>; returns p_after, the act's answer.
create or replace function private.audit(
  p_request_id uuid, p_act text, p_target text, p_reason text, p_before jsonb, p_after jsonb,
  p_job uuid default null, p_directory text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
begin
  insert into public.staff_actions (request_id, actor, role, act, target, reason, before, after)
  values (p_request_id, auth.uid(), private.staff_role(), p_act, p_target, p_reason, p_before, p_after);
  insert into public.queue_history (job_id, directory_name, event, details)
  values (p_job, p_directory, 'staff_' || p_act, jsonb_strip_nulls(p_after || jsonb_build_object(
          'actor', auth.jwt() ->> 'email', 'reason', p_reason, 'request_id', p_request_id)));
  return p_after;
end $$;

create or replace function private.require_reason(p_reason text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if coalesce(btrim(p_reason), '') = '' then
    raise exception 'p_reason is missing: say why.' using errcode = '22023';
  end if;
end $$;

-- The job, locked. p_expected: the status that the caller saw; null takes any.
create or replace function private.lock_job(p_job uuid, p_expected text) returns public.jobs
language plpgsql security definer set search_path = '' as $$
declare
  job public.jobs;
begin
  select * into job from public.jobs where id = p_job for no key update;
  if not found then
    raise exception 'This job does not exist.' using errcode = 'PT404';
  end if;
  if job.status <> p_expected then
    raise exception 'This job is % by now.', replace(job.status, '_', ' ') using errcode = 'PT409';
  end if;
  return job;
end $$;

-- Whether a worker has the job in hand now.
create or replace function private.is_worked_on(p_job uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from public.flow_runs f where f.parameters ->> 'job_id' = p_job::text
                    and f.state = 'running' and f.lease_until > clock_timestamp())
$$;

-- Queues a job again that was never queued, or whose message or worker was lost.
create or replace function public.staff_requeue_job(
  p_request_id uuid, p_job uuid, p_expected text default null, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  job public.jobs;
  answer jsonb;
begin
  perform private.require_operator();
  answer := private.answered(p_request_id, 'requeue', p_job::text);
  if answer is not null then
    return answer;
  end if;
  job := private.lock_job(p_job, p_expected);
  if job.status not in ('pending', 'in_progress') then
    raise exception 'This job is %: there is nothing to queue.', replace(job.status, '_', ' ') using errcode = 'PT409';
  elsif exists (select from public.outbox o where o.job_id = p_job and o.sent_at is null) then
    raise exception 'This job waits to be queued already.' using errcode = 'PT409';
  elsif private.is_worked_on(p_job) then
    raise exception 'A worker has this job.' using errcode = 'PT409';
  elsif exists (select from public.flow_runs f
                 where f.parameters ->> 'job_id' = p_job::text and f.state in ('scheduled', 'running')) then
    raise exception 'This job waits for a worker already.' using errcode = 'PT409';
  end if;
  update public.jobs set status = 'pending' where id = p_job and status <> 'pending';
  return private.audit(p_request_id, 'requeue', p_job::text, p_reason, jsonb_build_object('status', job.status),
    jsonb_build_object('job_id', p_job, 'outbox_id', private.queue_job(p_job, 'staff_requeue',
      jsonb_build_object('request_id', p_request_id))), p_job);
end $$;

-- Pauses, resumes or cancels a job. p_to: paused, pending or cancelled. The worker stops before the next directory.
create or replace function public.staff_set_job_status(
  p_request_id uuid, p_job uuid, p_to text, p_expected text default null, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  act text := case p_to when 'paused' then 'pause' when 'pending' then 'resume' when 'cancelled' then 'cancel' end;
  job public.jobs;
  answer jsonb;
begin
  perform private.require_operator();
  if act is null then
    raise exception 'p_to must be paused, pending or cancelled.' using errcode = '22023';
  end if;
  answer := private.answered(p_request_id, act, p_job::text);
  if answer is not null then
    return answer;
  end if;
  if act = 'cancel' then
    perform private.require_reason(p_reason);
  end if;
  job := private.lock_job(p_job, p_expected);
  if not (case act when 'pause' then job.status in ('pending', 'in_progress')
                   when 'resume' then job.status = 'paused'
                   else job.status in ('pending', 'in_progress', 'paused') end) then
    raise exception 'This job is %: it can''t be %.', replace(job.status, '_', ' '),
      case act when 'pause' then 'paused' when 'resume' then 'resumed' else 'cancelled' end using errcode = 'PT409';
  end if;
  answer := jsonb_build_object('job_id', p_job, 'status', p_to);
  if act = 'resume' and private.is_worked_on(p_job) then
    -- The worker has not come to the pause yet: it goes on as if there had been none.
    answer := answer || '{"status": "in_progress"}';
  elsif act = 'resume' then
    answer := answer || jsonb_build_object('outbox_id', private.queue_job(p_job, 'staff_resume',
      jsonb_build_object('request_id', p_request_id)));
  end if;
  update public.jobs
     set status = answer ->> 'status', completed_at = case when act = 'cancel' then clock_timestamp() end
   where id = p_job;
  return private.audit(p_request_id, act, p_job::text, p_reason, jsonb_build_object('status', job.status), answer, p_job);
end $$;

-- A person says how a submission ended whose outcome nobody knows. p_outcome: submitted, failed or skipped.
create or replace function public.staff_declare_outcome(
  p_request_id uuid, p_job uuid, p_directory text, p_outcome text, p_reason text, p_listing_url text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  target text := p_job::text || '/' || p_directory;
  held public.job_results;
  answer jsonb;
begin
  perform private.require_operator();
  if p_outcome is null or p_outcome not in ('submitted', 'failed', 'skipped') then
    raise exception 'p_outcome must be submitted, failed or skipped.' using errcode = '22023';
  end if;
  perform private.require_reason(p_reason);
  answer := private.answered(p_request_id, 'declare', target);
  if answer is not null then
    return answer;
  end if;
  perform private.lock_job(p_job, null);
  select * into held from public.job_results r
   where r.job_id = p_job and r.directory_name = p_directory and r.status = 'submitting'
   order by r.claim_expires_at desc nulls last limit 1 for update;
  if not found then
    raise exception 'The outcome of this directory is not unknown.' using errcode = 'PT409';
  elsif held.claim_expires_at > clock_timestamp() then
    raise exception 'This directory is being submitted at the moment.' using errcode = 'PT409';
  end if;
  update public.job_results
     set status = p_outcome, claim_owner = null, listing_url = coalesce(p_listing_url, listing_url),
         error_message = case when p_outcome = 'submitted' then null else p_reason end,
         response_log = response_log || jsonb_build_object('declared', jsonb_build_object(
           'outcome', p_outcome, 'by', auth.jwt() ->> 'email', 'reason', p_reason))
   where job_id = p_job and directory_name = p_directory and status = 'submitting';
  insert into public.queue_history (job_id, directory_name, event, details)
  values (p_job, p_directory, p_outcome, jsonb_strip_nulls(jsonb_build_object('idem', held.idempotency_key,
          'declared', true, 'error', case when p_outcome <> 'submitted' then p_reason end)));
  perform private.mark_item(p_job, p_directory, p_outcome);
  perform private.settle_again(p_job);
  return private.audit(p_request_id, 'declare', target, p_reason, '{"outcome": "unknown"}',
    jsonb_build_object('job_id', p_job, 'directory', p_directory, 'outcome', p_outcome), p_job, p_directory);
end $$;

-- Keeps a directory out of new work lists, or lets it in again. Work lists that exist stay as they are.
create or replace function public.staff_pause_directory(
  p_request_id uuid, p_directory_id uuid, p_paused boolean, p_reason text
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  act text := case when p_paused then 'pause_directory' else 'resume_directory' end;
  host text;
  answer jsonb;
begin
  perform private.require_operator();
  if p_paused is null then
    raise exception 'p_paused must be true or false.' using errcode = '22023';
  end if;
  perform private.require_reason(p_reason);
  answer := private.answered(p_request_id, act, p_directory_id::text);
  if answer is not null then
    return answer;
  end if;
  select private.host_of(d.submission_url) into host from public.directories d where d.id = p_directory_id for update;
  if not found then
    raise exception 'This directory does not exist.' using errcode = 'PT404';
  end if;
  if p_paused then
    insert into public.paused_directories (directory_id, actor, reason) values (p_directory_id, auth.uid(), p_reason)
    on conflict do nothing;
  else
    delete from public.paused_directories where directory_id = p_directory_id;
  end if;
  if not found then
    raise exception 'This directory is % already.', case when p_paused then 'paused' else 'in use' end using errcode = 'PT409';
  end if;
  return private.audit(p_request_id, act, p_directory_id::text, p_reason, jsonb_build_object('paused', not p_paused),
    jsonb_build_object('directory_id', p_directory_id, 'directory', host, 'paused', p_paused), null, host);
end $$;

-- Writes that somebody has seen to it. p_target: what it is about, such as a job's id or a message's; after a slash, what
-- was the matter with it.
create or replace function public.staff_acknowledge(
  p_request_id uuid, p_target text, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  answer jsonb;
begin
  perform private.require_operator();
  if coalesce(btrim(p_target), '') = '' or length(p_target) > 200 then
    raise exception 'p_target must have 1 to 200 characters.' using errcode = '22023';
  end if;
  answer := private.answered(p_request_id, 'acknowledge', p_target);
  if answer is not null then
    return answer;
  end if;
  return private.audit(p_request_id, 'acknowledge', p_target, p_reason, null, jsonb_build_object('target', p_target),
                       (select j.id from public.jobs j where j.id::text = split_part(p_target, '/', 1)));
end $$;

do $$
declare f text;
begin
  foreach f in array array[
    'private.answered(uuid, text, text)',
    'private.audit(uuid, text, text, text, jsonb, jsonb, uuid, text)',
    'private.require_reason(text)',
    'private.lock_job(uuid, text)',
    'private.is_worked_on(uuid)'] loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
  end loop;
  foreach f in array array[
    'public.staff_requeue_job(uuid, uuid, text, text)',
    'public.staff_set_job_status(uuid, uuid, text, text, text)',
    'public.staff_declare_outcome(uuid, uuid, text, text, text, text)',
    'public.staff_pause_directory(uuid, uuid, boolean, text)',
    'public.staff_acknowledge(uuid, text, text)'] loop
    execute format('revoke execute on function %s from public, anon', f);
    execute format('grant execute on function %s to authenticated, service_role', f);
  end loop;
end $$;
