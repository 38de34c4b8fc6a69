-- The form of each directory as runs see it, and the mapping that staff accept for one that has changed. Optional:
-- without it the console compares a run with the mapping only. Applies twice.

-- `id` is the directory's host. `form`: the first whole form that was submitted with success, later the one that staff
-- accepted; `seen`: the one that a run saw last, `seen_at`: since when it looks so.
create table if not exists public.form_fingerprints (
  id text primary key,
  form jsonb,
  seen jsonb not null,
  seen_at timestamptz not null default clock_timestamp(),
  accepted_by text,
  accepted_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  version bigint not null default 1
);

do $$
begin
  create or replace trigger touch before update on public.form_fingerprints
    for each row execute function private.touch_row();
  alter table public.form_fingerprints enable row level security;
  revoke all on public.form_fingerprints from anon, authenticated;
  grant select on public.form_fingerprints to anon, authenticated;
  grant all on public.form_fingerprints to service_role;
  drop policy if exists staff_read on public.form_fingerprints;
  create policy staff_read on public.form_fingerprints for select to authenticated
    using ((select private.staff_role()) is not null);
  if not exists (select from pg_publication_tables
                 where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'form_fingerprints') then
    begin
      alter publication supabase_realtime add table public.form_fingerprints;
    exception when undefined_object or insufficient_privilege then
      raise warning 'Changes of form_fingerprints are not sent live: %. The console polls it.', sqlerrm;
    end;
  end if;
end $$;

-- Takes the form out of a result's log, where it would be kept once for each job, and keeps it once for its directory.
-- Two runs of one directory wait here for each other, but only where the form has changed between them.
create or replace function private.keep_form() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  found jsonb := new.response_log -> 'form';
  whole jsonb := case when new.status = 'submitted' and found -> 'whole' = 'true' then found end;
begin
  if found is null then
    return new;
  end if;
  new.response_log := new.response_log - 'form';
  if jsonb_typeof(found) = 'object' and octet_length(found::text) <= 100000 and not exists (
    select from public.form_fingerprints k
     where k.id = new.directory_name and k.seen = found and (k.form is not null or whole is null)) then
    insert into public.form_fingerprints as known (id, form, seen) values (new.directory_name, whole, found)
    on conflict (id) do update
       set form = coalesce(known.form, excluded.form), seen = excluded.seen,
           seen_at = case when known.seen = excluded.seen then known.seen_at else clock_timestamp() end;
  end if;
  return new;
end $$;
create or replace trigger keep_form before insert or update of response_log on public.job_results
  for each row execute function private.keep_form();

-- Gives a directory the mapping that fits its form as it is now. p_expected: the mapping that the caller saw, compare-and-
-- set; p_form: the form that it was made for, from which later ones are told apart.
create or replace function public.staff_accept_form(
  p_request_id uuid, p_directory_id uuid, p_expected jsonb, p_selectors jsonb, p_form jsonb, p_reason text default null
) returns jsonb language plpgsql security definer set search_path = '' as $$
declare
  directory public.directories;
  host text;
  answer jsonb;
begin
  perform private.require_operator();
  if jsonb_typeof(p_selectors -> 'fields') is distinct from 'object' or p_selectors -> 'fields' = '{}'
     or coalesce(p_selectors ->> 'submit', '') = '' then
    raise exception 'p_selectors must name the fields and the submit button.' using errcode = '22023';
  elsif jsonb_typeof(p_form -> 'fields') is distinct from 'array' or octet_length(p_form::text) > 100000 then
    raise exception 'p_form must be a form of at most 100,000 bytes.' using errcode = '22023';
  end if;
  perform private.require_reason(p_reason);
  answer := private.answered(p_request_id, 'accept_form', p_directory_id::text);
  if answer is not null then
    return answer;
  end if;
  select * into directory from public.directories d where d.id = p_directory_id for update;
  if not found then
    raise exception 'This directory does not exist.' using errcode = 'PT404';
  elsif directory.field_selectors is distinct from p_expected then
    raise exception 'The mapping of this directory is another by now.' using errcode = 'PT409';
  end if;
  host := private.host_of(directory.submission_url);
  update public.directories set field_selectors = p_selectors where id = p_directory_id;
  insert into public.form_fingerprints as known (id, form, seen, accepted_by, accepted_at)
  values (host, case when p_form -> 'whole' = 'true' then p_form end, p_form, auth.jwt() ->> 'email', clock_timestamp())
  on conflict (id) do update
     set form = excluded.form, seen = excluded.seen, accepted_by = excluded.accepted_by,
         accepted_at = excluded.accepted_at;
  return private.audit(p_request_id, 'accept_form', p_directory_id::text, p_reason,
    jsonb_build_object('field_selectors', directory.field_selectors),
    jsonb_build_object('directory_id', p_directory_id, 'directory', host, 'field_selectors', p_selectors), null, host);
end $$;

revoke execute on function private.keep_form() from public, anon, authenticated;
revoke execute on function public.staff_accept_form(uuid, uuid, jsonb, jsonb, jsonb, text) from public, anon;
grant execute on function public.staff_accept_form(uuid, uuid, jsonb, jsonb, jsonb, text) to authenticated, service_role;
