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
  if (i.rvp, i.rvp_lat, i.rvp_lon) is distinct from (p_what, p_lat, p_lon) and not (p_keeps and i.rvp_lat is not null) then
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
      about := array(select m.negotiator_id from sightline.deployment_member m
        join sightline.negotiator n on n.id = m.negotiator_id join sightline.app_user u on u.officer_id = n.officer_id or u.id = n.user_id
        where m.deployment_id = d.id and m.negotiator_id = any (about) and u.id = sightline.actor_user_id());
    end if;
    if scope is null or (scope = 'own' and about = '{}') then
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

-- Of an incident that only the people named may know, nobody else sees negotiators drive there: their cameras and phones are at it from
-- their dispatch until they are called off or released, so that map, tracks and replay hide them as they hide its officers.
create function sightline.negotiator_cameras(p_negotiator_id int) returns setof int
  stable language sql security definer set search_path = sightline, public as $$
  select c.id from sightline.negotiator n join sightline.camera c on c.officer_id = n.officer_id where n.id = p_negotiator_id
  union
  select d.camera_id from sightline.negotiator n join sightline.duty d on d.officer_id = n.officer_id and d.during @> now()
  where n.id = p_negotiator_id
$$;

create function sightline.deployment_member_hidden() returns trigger
  language plpgsql security definer set search_path = sightline, public as $$
declare
  i sightline.incident;
begin
  select x.* into i from sightline.deployment d join sightline.incident x on x.id = d.incident_id where d.id = new.deployment_id;
  if not (i.restricted or i.exercise) then
    null;
  elsif new.state in ('mobilising', 'en_route', 'on_scene') then
    insert into sightline.incident_camera (incident_id, camera_id) select i.id, sightline.negotiator_cameras(new.negotiator_id)
      on conflict (incident_id, camera_id) do update set until = null;
  else
    update sightline.incident_camera c set until = now()
      where c.incident_id = i.id and c.until is null and c.camera_id in (select sightline.negotiator_cameras(new.negotiator_id));
  end if;
  return null;
end
$$;
create trigger deployment_member_hidden after insert or update of state on sightline.deployment_member
  for each row execute function sightline.deployment_member_hidden();

create function sightline.incident_hides_members() returns trigger
  language plpgsql security definer set search_path = sightline, public as $$
begin
  insert into sightline.incident_camera (incident_id, camera_id, since)
    select d.incident_id, c.id, min(d.requested_time)
    from sightline.deployment d join sightline.deployment_member m on m.deployment_id = d.id
    cross join lateral sightline.negotiator_cameras(m.negotiator_id) c (id)
    where d.incident_id = new.id and m.state in ('mobilising', 'en_route', 'on_scene')
    group by 1, 2
    on conflict (incident_id, camera_id) do update set until = null;
  return null;
end
$$;
create trigger incident_hides_members after update of restricted, exercise on sightline.incident
  for each row when ((new.restricted or new.exercise) and not (old.restricted or old.exercise))
  execute function sightline.incident_hides_members();

revoke execute on function sightline.negotiator_cameras(int), sightline.deployment_member_hidden(), sightline.incident_hides_members() from public;
