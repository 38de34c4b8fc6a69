-- What this project has, for the console's self-check. Optional: without it the console tries things one by one.
create or replace function public.project_facts() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  pictures jsonb := '[]';
begin
  if private.staff_role() is null then
    raise exception 'Only staff may ask what the project has.' using errcode = '42501';
  end if;
  begin
    if to_regclass('storage.buckets') is not null and to_regclass('storage.objects') is not null then
      select coalesce(jsonb_agg(found.what), '[]') into pictures from (
        select 'bucket' as what where exists (select from storage.buckets where id = 'screenshots')
        union all
        -- A right is there when signed-in people have it, and a policy for this bucket, or for all of them, grants it.
        select wanted.what from (values ('see', 'SELECT'), ('add', 'INSERT')) as wanted (what, cmd)
         where pg_catalog.has_table_privilege('authenticated', 'storage.objects', wanted.cmd) and exists (
          select from pg_catalog.pg_policies p, lateral (
            select case wanted.cmd when 'SELECT' then p.qual else coalesce(p.with_check, p.qual) end as words) r
           where p.schemaname = 'storage' and p.tablename = 'objects' and p.permissive = 'PERMISSIVE'
             and p.cmd in (wanted.cmd, 'ALL') and p.roles && array['authenticated', 'public']::name[]
             and (r.words is null or r.words !~ 'bucket_id' or r.words ~ '''screenshots'''))) found;
    end if;
  exception when insufficient_privilege then
    pictures := null; -- whoever owns this function may not look into the storage
  end;
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
         where p.pubname = 'supabase_realtime' and p.schemaname = 'public'),
    'pictures', pictures);
end $$;
revoke execute on function public.project_facts() from public, anon;
grant execute on function public.project_facts() to authenticated;
