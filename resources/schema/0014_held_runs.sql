-- Runs on a desk that wait for a person: everybody sees which, why and for how long still. Applies twice.

-- Says that the caller's run of a directory waits for a person, for so many seconds from now on; 0: it goes on.
-- p_why: paused, failed, captcha, login or email_code. False when the directory is no longer this run's.
create or replace function public.staff_hold_run(
  p_job uuid, p_directory text, p_key text, p_run_id uuid, p_why text, p_seconds int
) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_operator();
  if p_seconds is null or p_seconds not between 0 and 2010 then
    raise exception 'p_seconds must be 0 to 2010, not %', p_seconds using errcode = '22023';
  elsif p_seconds > 0 and (p_why is null or p_why not in ('paused', 'failed', 'captcha', 'login', 'email_code')) then
    raise exception 'p_why must say what it waits for, not %', p_why using errcode = '22023';
  end if;
  perform from public.jobs where id = p_job for no key update;
  perform from public.job_results r
    where r.job_id = p_job and r.directory_name = p_directory and r.idempotency_key = p_key and r.status = 'submitting'
      and r.claim_owner = 'staff:' || auth.uid() || ':' || p_run_id and r.claim_expires_at > clock_timestamp();
  if not found then
    return false;
  end if;
  insert into public.queue_history (job_id, directory_name, event, details)
  values (p_job, p_directory, case when p_seconds > 0 then 'staff_run_held' else 'staff_run_released' end,
          jsonb_strip_nulls(jsonb_build_object(
            'actor', auth.jwt() ->> 'email', 'run_id', p_run_id,
            'why', case when p_seconds > 0 then p_why end,
            'until', case when p_seconds > 0 then clock_timestamp() + make_interval(secs => p_seconds) end)));
  return true;
end $$;

revoke execute on function public.staff_hold_run(uuid, text, text, uuid, text, int) from public, anon;
grant execute on function public.staff_hold_run(uuid, text, text, uuid, text, int) to authenticated, service_role;
