-- What staff say about dead letters that no other table can tell: what became of a send without an answer, and that two
-- queues belong together. A console writes it into its own journal first, and here as soon as the project answers.
-- Optional: without it the journal of the machine is the only record, and the console says so. Applies twice.

-- p_act: decide (operators) or confirm_target (admins). p_target: what it is about, such as a message's id. p_said: the
-- decision in words; p_said_at: when, by the console's clock. p_job: the message's job, where it is known.
create or replace function public.staff_record_decision(
  p_request_id uuid, p_act text, p_target text, p_said text, p_reason text, p_said_at timestamptz, p_job text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  answer jsonb;
begin
  perform private.require_operator();
  if p_act is null or p_act not in ('decide', 'confirm_target') or p_said_at is null
     or coalesce(length(p_target), 0) not between 1 and 500 or coalesce(length(p_said), 0) not between 1 and 500 then
    raise exception 'p_act must be decide or confirm_target; p_target, p_said and p_said_at are needed.' using errcode = '22023';
  end if;
  if p_act = 'confirm_target' and private.staff_role() is distinct from 'admin' then
    raise exception 'This needs the role admin.' using errcode = '42501';
  end if;
  perform private.require_reason(p_reason);
  answer := private.answered(p_request_id, p_act, p_target);
  if answer is not null then
    return answer;
  end if;
  return private.audit(p_request_id, p_act, p_target, left(p_reason, 1000), null,
    jsonb_build_object('said', p_said, 'said_at', p_said_at), (select j.id from public.jobs j where j.id::text = p_job));
end $$;

do $$
begin
  revoke execute on function public.staff_record_decision(uuid, text, text, text, text, timestamptz, text) from public, anon;
  grant execute on function public.staff_record_decision(uuid, text, text, text, text, timestamptz, text)
    to authenticated, service_role;
end $$;
