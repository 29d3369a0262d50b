-- A fix that was put aside for what had nothing to do with the fix itself (it came too early by the server's clock, or the database
-- refused it in that moment) and that is sent again and taken now leaves quarantine: no fix is stored twice.

create function sightline.fix_taken_after_all(p_cameras int[], p_times timestamptz[], p_contents bigint[])
  returns table (camera_id int, fix_time timestamptz, content_hash bigint)
  language sql security definer set search_path = sightline, public as $$
  delete from fix_quarantine q using unnest(p_cameras, p_times, p_contents) w (camera_id, fix_time, content)
  where q.camera_id = w.camera_id and q.reason in ('clock_ahead', 'refused_by_database') and q.content_hash = w.content
    and q.fix_time = w.fix_time
  returning q.camera_id, q.fix_time, q.content_hash
$$;

revoke all on function sightline.fix_taken_after_all(int[], timestamptz[], bigint[]) from public;
grant execute on function sightline.fix_taken_after_all(int[], timestamptz[], bigint[]) to sightline_gateway;
