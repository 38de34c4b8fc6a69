-- What the consoles of a project share about dead letters: who works on a queue, and how far each operation is.
-- Optional: without it a console refuses to replay, unless it is told to do so unrecorded. Applies twice.

-- One writer for each dead letter queue. `id` is the queue's ARN. A lease is over when `held_until` has passed by the
-- database's clock: nobody takes it over before.
create table if not exists public.replay_leases (
  id text primary key check (length(id) between 1 and 500),
  actor uuid not null,
  who text not null,
  machine text not null,
  token uuid not null,
  taken_at timestamptz not null,
  held_until timestamptz not null,
  updated_at timestamptz not null default clock_timestamp(),
  version bigint not null default 1
);

-- Acts of staff of the last days, as all consoles show them. The audit is staff_actions: this is a view of it that moves.
create table if not exists public.staff_operations (
  id uuid primary key,
  actor uuid,
  who text not null,
  machine text not null default '',
  act text not null,
  label text not null default '',
  target text not null,
  reason text,
  state text not null check (state in ('running', 'done', 'failed', 'unknown', 'undone')),
  words text not null default '',
  done int not null default 0,
  total int not null default 1,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  version bigint not null default 1
);
create index if not exists staff_operations_by_update on public.staff_operations (updated_at, id);

do $$
declare t text;
begin
  foreach t in array array['replay_leases', 'staff_operations'] loop
    execute format('create or replace trigger touch before update on public.%I for each row execute function private.touch_row()', t);
    execute format('alter table public.%I enable row level security', t);
    execute format('revoke all on public.%I from anon, authenticated', t);
    execute format('grant select on public.%I to anon, authenticated', t);
    execute format('grant all on public.%I to service_role', t);
    execute format('drop policy if exists staff_read on public.%I', t);
    execute format('create policy staff_read on public.%I for select to authenticated using ((select private.staff_role()) is not null)', t);
    if not exists (select from pg_publication_tables
                   where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = t) then
      begin
        execute format('alter publication supabase_realtime add table public.%I', t);
      exception when undefined_object or insufficient_privilege then
        raise warning 'Changes of % are not sent live: %. The console polls it.', t, sqlerrm;
      end;
    end if;
  end loop;
end $$;

-- Takes a dead letter queue for one console (p_token), or keeps it for longer. Compare-and-set: only a lease that is the
-- caller's own, or over, is written. Answers {held, who, machine, seconds}: seconds that are left of it, whose ever it is.
create or replace function public.staff_hold_dlq(p_dlq text, p_token uuid, p_machine text, p_seconds int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  lease public.replay_leases;
begin
  perform private.require_operator();
  if coalesce(p_dlq, '') = '' or p_token is null or p_seconds is null or p_seconds not between 1 and 600 then
    raise exception 'p_dlq, p_token and p_seconds (1 to 600) are needed.' using errcode = '22023';
  end if;
  loop
    insert into public.replay_leases as held (id, actor, who, machine, token, taken_at, held_until)
    values (p_dlq, auth.uid(), coalesce(auth.jwt() ->> 'email', auth.uid()::text), left(coalesce(p_machine, ''), 200),
            p_token, clock_timestamp(), clock_timestamp() + make_interval(secs => p_seconds))
    on conflict (id) do update
       set taken_at = case when held.token = excluded.token then held.taken_at else clock_timestamp() end,
           actor = excluded.actor, who = excluded.who, machine = excluded.machine, token = excluded.token,
           held_until = clock_timestamp() + make_interval(secs => p_seconds)
     where (held.token = excluded.token and held.actor = excluded.actor) or held.held_until <= clock_timestamp()
    returning * into lease;
    if not found then
      select * into lease from public.replay_leases l where l.id = p_dlq;
    end if;
    exit when found;
  end loop;
  return jsonb_build_object('held', lease.token = p_token and lease.actor = auth.uid(), 'who', lease.who,
    'machine', lease.machine, 'seconds', greatest(0, extract(epoch from lease.held_until - clock_timestamp())));
end $$;

-- Gives a queue up; false when it wasn't the caller's.
create or replace function public.staff_release_dlq(p_dlq text, p_token uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_operator();
  delete from public.replay_leases l where l.id = p_dlq and l.token = p_token and l.actor = auth.uid();
  return found;
end $$;

-- Writes that an operation on dead letters begins, before anything is sent; p_act: replay, archive or put_back. The caller must
-- hold the queue. The same request id again says that it goes on; somebody else who goes on with it is in the audit too.
create or replace function public.staff_begin_replay(
  p_request_id uuid, p_dlq text, p_token uuid, p_act text, p_label text, p_total int, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  lease public.replay_leases;
  answer jsonb;
begin
  perform private.require_operator();
  if p_act is null or p_act not in ('replay', 'archive', 'put_back') or coalesce(p_total, 0) < 1 then
    raise exception 'p_act must be replay, archive or put_back, p_total at least 1.' using errcode = '22023';
  end if;
  answer := private.answered(p_request_id, p_act, p_dlq);
  select * into lease from public.replay_leases l
   where l.id = p_dlq and l.token = p_token and l.actor = auth.uid() and l.held_until > clock_timestamp();
  if not found then
    raise exception 'The dead letters are not yours to work on at the moment.' using errcode = 'PT409';
  end if;
  insert into public.staff_operations as known (id, actor, who, machine, act, label, target, reason, state, total)
  values (p_request_id, auth.uid(), lease.who, lease.machine, p_act, left(coalesce(p_label, ''), 200), p_dlq,
          left(p_reason, 1000), 'running', p_total)
  on conflict (id) do update
     set state = 'running', machine = excluded.machine, actor = excluded.actor, who = excluded.who;
  if answer is not null then
    if not exists (select from public.staff_actions a
                    where a.actor = auth.uid() and (a.request_id = p_request_id
                       or (a.act = p_act || '_taken_over' and a.after ->> 'operation' = p_request_id::text))) then
      perform private.audit(gen_random_uuid(), p_act || '_taken_over', p_dlq, p_reason, null,
                            jsonb_build_object('operation', p_request_id, 'letters', p_total));
    end if;
    return answer;
  end if;
  return private.audit(p_request_id, p_act, p_dlq, p_reason, null, jsonb_build_object('letters', p_total));
end $$;

-- Says how far an operation of the caller is; false when there is no such.
create or replace function public.staff_note_replay(p_request_id uuid, p_state text, p_words text, p_done int)
returns boolean language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_operator();
  update public.staff_operations o
     set state = p_state, words = left(coalesce(p_words, ''), 1000), done = greatest(coalesce(p_done, 0), 0)
   where o.id = p_request_id and o.actor = auth.uid();
  return found;
end $$;

-- Every act of staff is shown, also those that are done the moment they are asked for. What is old is left to the audit.
create or replace function private.show_act() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  count int := greatest(coalesce((new.counts ->> 'directories')::int, 1), 1);
begin
  if new.after ? 'operation' then
    return null;  -- it is shown as the operation that it goes on with
  end if;
  insert into public.staff_operations (id, actor, who, act, target, reason, state, done, total)
  values (new.request_id, new.actor, coalesce(auth.jwt() ->> 'email', new.actor::text, 'somebody'), new.act, new.target,
          left(new.reason, 1000), 'done', count, count)
  on conflict (id) do nothing;
  delete from public.staff_operations o where o.updated_at < clock_timestamp() - interval '7 days';
  return null;
end $$;
create or replace trigger show_act after insert on public.staff_actions for each row execute function private.show_act();

do $$
declare f text;
begin
  execute 'revoke execute on function private.show_act() from public, anon, authenticated';
  foreach f in array array[
    'public.staff_hold_dlq(text, uuid, text, int)',
    'public.staff_release_dlq(text, uuid)',
    'public.staff_begin_replay(uuid, text, uuid, text, text, int, text)',
    'public.staff_note_replay(uuid, text, text, int)'] loop
    execute format('revoke execute on function %s from public, anon', f);
    execute format('grant execute on function %s to authenticated, service_role', f);
  end loop;
end $$;
