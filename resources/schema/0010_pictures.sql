-- Pictures of runs in the project's storage: the pipeline puts them there and staff look at them; a run on a staff
-- machine puts its own below runs/, once. Nobody replaces or removes one. A project without storage goes without.
-- Applies twice.
do $$
begin
  if to_regclass('storage.objects') is null or to_regclass('storage.buckets') is null then
    raise notice 'This project has no storage: pictures stay where they were taken.';
    return;
  end if;
  insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
       values ('screenshots', 'screenshots', false, 5 * 1024 * 1024, array['image/jpeg', 'image/png'])
  on conflict (id) do update set public = false, file_size_limit = excluded.file_size_limit,
                                 allowed_mime_types = excluded.allowed_mime_types;
  drop policy if exists staff_see_pictures on storage.objects;
  create policy staff_see_pictures on storage.objects for select to authenticated
    using (bucket_id = 'screenshots' and (select private.staff_role()) is not null);
  drop policy if exists staff_add_pictures on storage.objects;
  create policy staff_add_pictures on storage.objects for insert to authenticated
    with check (bucket_id = 'screenshots' and name like 'runs/%'
                and (select private.staff_role()) in ('operator', 'admin'));
exception when insufficient_privilege then
  raise warning 'The bucket for pictures could not be made: %. Pictures stay where they were taken.', sqlerrm;
end $$;
