-- What staff say of a verdict that was doubted: that it stands, or how it really ended. Optional: without it the
-- console shows the doubt, and nothing more. Applies twice.

-- p_expected: the outcome that the caller saw, submitted or failed; p_outcome: submitted, failed or skipped. Compare-and-
-- set. The same outcome again only notes that somebody looked; another one is as if it had ended so, and needs a reason.
create or replace function public.staff_review_outcome(
  p_request_id uuid, p_job uuid, p_directory text, p_expected text, p_outcome text, p_reason text default null,
  p_listing_url text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  target text := p_job::text || '/' || p_directory;
  held public.job_results;
  answer jsonb;
begin
  perform private.require_operator();
  if p_expected is null or p_expected not in ('submitted', 'failed') then
    raise exception 'p_expected must be submitted or failed.' using errcode = '22023';
  elsif p_outcome is null or p_outcome not in ('submitted', 'failed', 'skipped') then
    raise exception 'p_outcome must be submitted, failed or skipped.' using errcode = '22023';
  elsif p_outcome <> p_expected then
    perform private.require_reason(p_reason);
  end if;
  answer := private.answered(p_request_id, 'review', target);
  if answer is not null then
    return answer;
  end if;
  perform private.lock_job(p_job, null);
  -- Where several rows tell of one directory, the best of them is its outcome.
  select * into held from public.job_results r
   where r.job_id = p_job and r.directory_name = p_directory
   order by r.status <> 'submitted', r.updated_at desc limit 1 for update;
  if not found then
    raise exception 'Nothing was submitted to this directory for this job.' using errcode = 'PT404';
  elsif held.status <> p_expected then
    raise exception 'This directory is % by now.', held.status using errcode = 'PT409';
  end if;
  update public.job_results
     set status = p_outcome, listing_url = coalesce(p_listing_url, listing_url),
         error_message = case when p_outcome = 'submitted' then null
                              when p_outcome = p_expected then error_message else p_reason end,
         response_log = response_log || jsonb_build_object('reviewed', jsonb_strip_nulls(jsonb_build_object(
           'outcome', p_outcome, 'before', p_expected, 'by', auth.jwt() ->> 'email', 'reason', p_reason)))
   where job_id = p_job and directory_name = p_directory and status = p_expected;
  if p_outcome <> p_expected then
    insert into public.queue_history (job_id, directory_name, event, details)
    values (p_job, p_directory, p_outcome, jsonb_strip_nulls(jsonb_build_object('idem', held.idempotency_key,
            'reviewed', true, 'error', case when p_outcome <> 'submitted' then p_reason end)));
    perform private.mark_item(p_job, p_directory, p_outcome);
    perform private.settle_again(p_job);
  end if;
  return private.audit(p_request_id, 'review', target, p_reason, jsonb_build_object('outcome', p_expected),
    jsonb_build_object('job_id', p_job, 'directory', p_directory, 'outcome', p_outcome), p_job, p_directory);
end $$;

revoke execute on function public.staff_review_outcome(uuid, uuid, text, text, text, text, text) from public, anon;
grant execute on function public.staff_review_outcome(uuid, uuid, text, text, text, text, text)
  to authenticated, service_role;
