-- Who may read what. Anonymous sees nothing; staff by app_metadata.role; the pipeline by service_role. Applies twice.
create or replace function private.staff_role() returns text language sql stable set search_path = '' as $$
  select case when auth.jwt() -> 'app_metadata' ->> 'role' in ('viewer', 'operator', 'admin')
              then auth.jwt() -> 'app_metadata' ->> 'role' end
$$;
revoke execute on function private.staff_role() from public;
grant execute on function private.staff_role() to authenticated, service_role;

do $$
declare t text;
begin
  foreach t in array array['customers', 'jobs', 'directories', 'directory_submissions', 'job_results',
                           'queue_history', 'worker_heartbeats', 'staff_actions', 'outbox', 'flow_runs',
                           'paused_directories'] loop
    execute format('alter table public.%I enable row level security', t);
    -- Hosted projects grant everything on new tables by default, and row-level security doesn't cover truncate.
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
