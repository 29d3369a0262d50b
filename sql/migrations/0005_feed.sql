-- What the live feed asks on behalf of all viewers at once: it reads once and serves everybody by visibility class.

-- Cameras that somebody watches now.
create function sightline.feed_streamed() returns setof int
  stable language sql security definer set search_path = sightline, public as $$
  select distinct camera_id from sightline.stream_session where ended_time is null
$$;

-- Which of these users may see the incident: the rule of incident_visible(), asked as each of them.
create function sightline.feed_audience(p_incident_id bigint, p_user_ids int[]) returns int[]
  language plpgsql security definer set search_path = sightline, public as $$
declare
  before_user text := current_setting('sightline.user_id', true);
  before_role text := current_setting('sightline.role', true);
  u sightline.app_user;
  found_ids int[] := '{}';
begin
  for u in select * from sightline.app_user x where x.id = any (p_user_ids) and x.disabled_time is null loop
    perform set_config('sightline.user_id', u.id::text, true), set_config('sightline.role', u.role, true);
    if sightline.incident_visible(p_incident_id) then
      found_ids := found_ids || u.id;
    end if;
  end loop;
  perform set_config('sightline.user_id', coalesce(before_user, ''), true),
          set_config('sightline.role', coalesce(before_role, ''), true);
  return found_ids;
end
$$;

grant execute on function sightline.feed_streamed(), sightline.feed_audience(bigint, int[]) to sightline_dashboard;
