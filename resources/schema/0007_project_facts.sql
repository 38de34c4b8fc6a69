-- What this project has, for the console's self-check. Optional: without it the console tries things one by one.
create or replace function public.project_facts() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  if private.staff_role() is null then
    raise exception 'Only staff may ask what the project has.' using errcode = '42501';
  end if;
  return jsonb_build_object(
    'tables', (select coalesce(jsonb_object_agg(t.name, t.columns), '{}') from (
        select c.relname::text as name, jsonb_agg(a.attname::text order by a.attnum) as columns
          from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
           and a.attnum > 0 and not a.attisdropped
         group by c.relname) t),
    'guarded', (select coalesce(jsonb_agg(c.relname::text), '[]') from pg_catalog.pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity),
    'readable', (select coalesce(jsonb_agg(distinct p.tablename::text), '[]') from pg_catalog.pg_policies p
         where p.schemaname = 'public' and p.cmd in ('SELECT', 'ALL') and p.policyname <> 'customer_read'
           and p.roles && array['authenticated', 'public']::name[]),
    'functions', (select coalesce(jsonb_agg(distinct p.proname::text), '[]') from pg_catalog.pg_proc p
         where p.pronamespace = 'public'::regnamespace
           and pg_catalog.has_function_privilege('authenticated', p.oid, 'execute')),
    'published', (select coalesce(jsonb_agg(p.tablename::text), '[]') from pg_catalog.pg_publication_tables p
         where p.pubname = 'supabase_realtime' and p.schemaname = 'public'));
end $$;
revoke execute on function public.project_facts() from public, anon;
grant execute on function public.project_facts() to authenticated;
