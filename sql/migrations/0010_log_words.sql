-- The command log names people, not numbers: whose camera a stream entry is about, and when that stream ended.

-- The streams that an incident's command log speaks of, for whoever sees the incident: entry, camera, who wore it when the
-- stream opened, from when to when. A viewer of the incident may not read other people's viewings themselves.
create function sightline.log_streams(p_incident_id bigint)
  returns table (entry bigint, camera text, call_sign text, officer text, purpose text, opened_time timestamptz,
    ended_time timestamptz)
  stable language sql security definer set search_path = sightline, public as $$
  select l.id, c.ref, d.call_sign, o.rank || ' ' || o.name, p.name, s.opened_time, s.ended_time
  from sightline.incident_log l
  join sightline.stream_session s on s.id = (l.detail ->> 'stream')::uuid
  join sightline.camera c on c.id = s.camera_id
  join sightline.purpose p on p.code = s.purpose
  left join sightline.duty d on d.camera_id = c.id and d.during @> s.opened_time
  left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id)
  where l.incident_id = p_incident_id and l.kind = 'stream' and sightline.incident_visible(p_incident_id)
$$;

grant execute on function sightline.log_streams(bigint) to sightline_dashboard;
