-- What lies around an incident's scene: where everybody meets (RVP), and when negotiators are expected.

alter table sightline.incident
  add rvp text not null default '' check (length(rvp) <= 200),    -- what people call it
  add rvp_lat double precision check (rvp_lat between -90 and 90),
  add rvp_lon double precision check (rvp_lon between -180 and 180),
  add constraint incident_rvp_place check ((rvp_lat is null) = (rvp_lon is null));
alter table sightline.deployment_member
  add arrival timestamptz;                                        -- expected at the scene, as stated by voice; null: not told

create index camera_officer on sightline.camera (officer_id);

-- The RVP of an incident is here ($3, $4: null where only its name is known), or there is none any more; said in the command log.
-- p_said: the entry; p_keeps: an RVP that has a place stays.
create function sightline.incident_rvp_put(p_incident_id bigint, p_what text, p_lat double precision, p_lon double precision, p_said text,
    p_keeps boolean default false)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  i sightline.incident;
begin
  select * into i from sightline.incident x where x.id = p_incident_id for no key update;
  if not found or not sightline.incident_visible(i.id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.';
    return;
  end if;
  if sightline.may('log.write') is null and sightline.may('negotiators.request') is null then
    perform sightline.audit_append('alteration', 'incident.rvp', 'incident', i.id::text, 'refused', p_reason => 'role', p_incident_id => i.id);
    return query select 'forbidden', 'role_not_permitted', 'Your role does not say where the RVP is.';
    return;
  end if;
  if i.closed_time is not null then
    return query select 'conflict', 'incident_closed', 'The incident is closed.';
    return;
  end if;
  if p_keeps and i.rvp_lat is not null then
    if i.rvp <> p_what then
      perform sightline.log_append(i.id, 'note', 'The request says another RVP: ' || p_what || '. The one on the map stays: '
        || coalesce(nullif(i.rvp, ''), 'it has no name') || '.');
    end if;
  elsif (i.rvp, i.rvp_lat, i.rvp_lon) is distinct from (p_what, p_lat, p_lon) then
    update sightline.incident x set rvp = p_what, rvp_lat = p_lat, rvp_lon = p_lon where x.id = i.id;
    perform sightline.log_append(i.id, 'note', p_said);           -- announces the incident, too
    perform sightline.audit_append('alteration', 'incident.rvp', 'incident', i.id::text, p_incident_id => i.id);
  end if;
  return query select 'ok', null::text, null::text;
end
$$;

-- When members who are en route are expected at the scene (p_members null: all of them); null: not known any more.
create function sightline.deployment_arrival(p_deployment_id bigint, p_members int[], p_arrival timestamptz)
  returns table (outcome text, code text, message text, possible text[])
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d sightline.deployment;
  scope text;
  about int[];
begin
  select * into d from sightline.deployment x where x.id = p_deployment_id for no key update;
  if not found or not (sightline.incident_visible(d.incident_id) or sightline.is_member(d.id)) then
    return query select 'not_found', 'deployment_unknown', 'There is no such deployment, or it is not yours to see.', '{}'::text[];
    return;
  end if;
  select coalesce(array_agg(m.negotiator_id), '{}') into about from sightline.deployment_member m
    where m.deployment_id = d.id and m.state = 'en_route' and (p_members is null or m.negotiator_id = any (p_members));
  scope := sightline.may('deployment.decide');
  if not coalesce(scope = 'all' or (scope = 'in_charge' and sightline.in_charge(d.incident_id)), false) then
    scope := sightline.may('deployment.member_state');
    if scope = 'own' then
      about := array(select n.id from sightline.negotiator n join sightline.app_user u on u.officer_id = n.officer_id or u.id = n.user_id
        where n.id = any (about) and u.id = sightline.actor_user_id());
    end if;
    if scope is null or (scope = 'own' and not sightline.is_member(d.id)) then
      perform sightline.audit_append('alteration', 'deployment.arrival', 'deployment', d.id::text, 'refused',
        p_reason => 'role', p_incident_id => d.incident_id);
      return query select 'forbidden', 'role_not_permitted', 'Only the FIM, the commander in charge, the NegCo, or the member says this.', '{}'::text[];
      return;
    end if;
  end if;
  if about = '{}' or (p_members is not null and not (p_members <@ about)) then
    return query select 'conflict', 'member_state', case when p_members is null then 'Nobody of the team is en route.'
      else 'Not all of the members named are en route.' end, '{}'::text[];
    return;
  end if;
  update sightline.deployment_member m set arrival = p_arrival
    where m.deployment_id = d.id and m.negotiator_id = any (about) and m.state = 'en_route';
  perform sightline.audit_append('alteration', 'deployment.arrival', 'deployment', d.id::text, p_incident_id => d.incident_id,
    p_detail => jsonb_build_object('members', about, 'arrival', p_arrival));
  perform sightline.announce('deployment', jsonb_build_object('deployment', d.id, 'incident', d.incident_id, 'state', d.state));
  return query select 'ok', null::text, null::text, '{}'::text[];
end
$$;

revoke execute on function sightline.incident_rvp_put(bigint, text, double precision, double precision, text, boolean),
  sightline.deployment_arrival(bigint, int[], timestamptz) from public;
grant execute on function sightline.incident_rvp_put(bigint, text, double precision, double precision, text, boolean),
  sightline.deployment_arrival(bigint, int[], timestamptz) to sightline_dashboard;

-- Negotiators who are out belong to their incident, as its officers do: the people named on it see where they are, and where only these
-- may know of the incident, nobody else does: on no map, track or replay. Worked out from who is out and what they carry, and copied
-- nowhere: a duty may begin or end on the way, and deployments move from incident to incident.
alter table sightline.deployment_member add sent_time timestamptz;
update sightline.deployment_member m set sent_time = least(m.since, d.requested_time) from sightline.deployment d where d.id = m.deployment_id;
alter table sightline.deployment_member alter sent_time set not null, alter sent_time set default now();
create index deployment_member_negotiator on sightline.deployment_member (negotiator_id);

-- What negotiators carry now: the camera that they are signed on to, and their own, unless somebody else wears it.
create view sightline.negotiator_camera as
  select n.id as negotiator_id, d.camera_id from sightline.negotiator n
  join sightline.duty d on d.officer_id = n.officer_id and d.during @> now()
  union
  select n.id, c.id from sightline.negotiator n join sightline.camera c on c.officer_id = n.officer_id
  where not exists (select from sightline.duty d where d.camera_id = c.id and d.during @> now() and d.officer_id <> c.officer_id);

grant select on sightline.negotiator_camera to sightline_dashboard;

-- Cameras at open incidents, as in 0007, and those of negotiators who are out.
create or replace view sightline.camera_at_incident as
  select ic.camera_id, i.id as incident_id, i.restricted or i.exercise as hidden
  from sightline.incident_camera ic join sightline.incident i on i.id = ic.incident_id
  where ic.until is null and i.closed_time is null
  union
  select nc.camera_id, i.id, i.restricted or i.exercise
  from sightline.deployment_member m join sightline.deployment d on d.id = m.deployment_id
  join sightline.incident i on i.id = d.incident_id
  join sightline.negotiator_camera nc on nc.negotiator_id = m.negotiator_id
  where m.state in ('mobilising', 'en_route', 'on_scene');

-- Times in which a camera was at an incident that the acting user may not know of, as in 0028, or was carried by a negotiator who was out
-- to one. An incident may have been closed before a camera came to it.
create or replace function sightline.camera_hidden_times(p_camera_id int) returns tstzmultirange
  stable language sql security definer set search_path = sightline, public as $$
  with barred as (
    select i.id, i.closed_time from incident i where (i.restricted or i.exercise)
      and not exists (select from incident_named n where n.incident_id = i.id and n.user_id = actor_user_id())
  ), there as (
    select ic.since as began, coalesce(ic.until, b.closed_time) as ended
    from incident_camera ic join barred b on b.id = ic.incident_id where ic.camera_id = p_camera_id
    union all
    select greatest(m.sent_time, lower(w.during)),
      least(case when m.state in ('cancelled', 'released') then m.since end, upper(w.during))
    from (select du.officer_id, du.during from duty du where du.camera_id = p_camera_id
          union all select c.officer_id, tstzrange(null, null) from camera c where c.id = p_camera_id) w
    join negotiator n on n.officer_id = w.officer_id
    join deployment_member m on m.negotiator_id = n.id
    join deployment d on d.id = m.deployment_id join barred b on b.id = d.incident_id
  )
  select coalesce(range_agg(tstzrange(began, ended)), '{}') from there where ended is null or ended > began
$$;
