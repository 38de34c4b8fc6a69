-- Who may read what. Anonymous sees nothing; staff by app_metadata.role; a customer its own account, jobs and work
-- lists; the pipeline, by service_role, everything. Nobody but the pipeline writes a table. Applies twice.
create or replace function private.staff_role() returns text language sql stable set search_path = '' as $$
  select case when auth.jwt() -> 'app_metadata' ->> 'role' in ('viewer', 'operator', 'admin')
              then auth.jwt() -> 'app_metadata' ->> 'role' end
$$;
revoke execute on function private.staff_role() from public;
grant execute on function private.staff_role() to authenticated, service_role;

-- The customer (customers.id) whose sign-in this is: app_metadata.customer_id. Only a server writes app_metadata; an
-- e-mail address may be anybody's where a project doesn't have it confirmed.
create or replace function private.own_customer() returns uuid language sql stable set search_path = '' as $$
  select case when auth.jwt() -> 'app_metadata' ->> 'customer_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              then (auth.jwt() -> 'app_metadata' ->> 'customer_id')::uuid end
$$;
create or replace function private.own_jobs() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select coalesce(array_agg(j.id), '{}') from public.jobs j where j.customer_id = private.own_customer()
$$;
revoke execute on function private.own_customer(), private.own_jobs() from public;
grant execute on function private.own_customer(), private.own_jobs() to authenticated, service_role;

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

-- Results and history also hold what staff and the pipeline say among themselves: they stay with staff.
drop policy if exists customer_read on public.customers;
create policy customer_read on public.customers for select to authenticated
  using (id = (select private.own_customer()));
drop policy if exists customer_read on public.jobs;
create policy customer_read on public.jobs for select to authenticated
  using (customer_id = (select private.own_customer()));
drop policy if exists customer_read on public.directory_submissions;
create policy customer_read on public.directory_submissions for select to authenticated
  using (submission_queue_id = any ((select private.own_jobs())::uuid[]));
