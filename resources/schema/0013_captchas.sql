-- Whether captchas of runs may be given to 2Captcha, which costs money: an admin says so. The newest such act in the
-- audit is what counts. Optional: without it captchas are left to people. Applies twice.
create index if not exists staff_actions_captchas on public.staff_actions (id)
  where act in ('allow_captchas', 'forbid_captchas');

-- {"allowed", "by", "at", "reason"} of the newest act; null before the first.
create or replace function private.captcha_permission() returns jsonb language sql stable set search_path = '' as $$
  select jsonb_build_object('allowed', a.act = 'allow_captchas', 'by', a.after ->> 'by', 'at', a.created_at,
           'reason', a.reason)
    from public.staff_actions a
   where a.act in ('allow_captchas', 'forbid_captchas')
   order by a.id desc limit 1
$$;

create or replace function public.staff_allow_captchas(
  p_request_id uuid, p_allowed boolean, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  act text := case when p_allowed then 'allow_captchas' else 'forbid_captchas' end;
  before boolean;
  answer jsonb;
begin
  if private.staff_role() is distinct from 'admin' then
    raise exception 'This needs the role admin.' using errcode = '42501';
  elsif p_allowed is null then
    raise exception 'p_allowed must be true or false.' using errcode = '22023';
  end if;
  perform private.require_reason(p_reason);
  answer := private.answered(p_request_id, act, '2captcha');
  if answer is not null then
    return answer;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('captcha permission', 0));
  before := coalesce((private.captcha_permission() ->> 'allowed')::boolean, false);
  if before = p_allowed then
    raise exception '2Captcha is % already.', case when p_allowed then 'allowed' else 'not allowed' end
      using errcode = 'PT409';
  end if;
  return private.audit(p_request_id, act, '2captcha', left(p_reason, 1000), jsonb_build_object('allowed', before),
    jsonb_build_object('allowed', p_allowed, 'by', auth.jwt() ->> 'email'));
end $$;

revoke execute on function private.captcha_permission() from public, anon, authenticated;
revoke execute on function public.staff_allow_captchas(uuid, boolean, text) from public, anon;
grant execute on function public.staff_allow_captchas(uuid, boolean, text) to authenticated, service_role;
