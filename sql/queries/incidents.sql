-- name: put
-- Makes an incident, or brings the one with this log number up to date.
select outcome, code, message, incident_id, made from incident_put($1);

-- name: documents
-- Incidents that the acting user may see, newest first, each as one document: one of them, or all that are open or not (null: both).
select jsonb_build_object(
    'id', i.id, 'log_number', i.log_number, 'title', i.title, 'lat', i.lat, 'lon', i.lon, 'grade', i.grade, 'grade_name', g.name,
    'source', i.source, 'type', i.type, 'regime', i.regime, 'retention_category', i.retention_category, 'talkgroup', i.talkgroup,
    'resources', i.resources, 'restricted', i.restricted, 'exercise', i.exercise, 'provisional', i.provisional,
    'rvp', case when i.rvp <> '' or i.rvp_lat is not null
      then jsonb_build_object('name', i.rvp, 'lat', i.rvp_lat, 'lon', i.rvp_lon) end,
    'linked_to', i.linked_to, 'opened_time', i.opened_time, 'link_by', i.link_by, 'closed_time', i.closed_time,
    'created_by', c.username,
    'people', (select coalesce(jsonb_agg(jsonb_build_object('username', u.username, 'name', u.display_name, 'role', u.role,
        'capacity', p.capacity, 'since', p.since) order by p.since, u.username), '[]')
      from incident_person p join app_user u on u.id = p.user_id where p.incident_id = i.id and p.until is null),
    'cameras', (select coalesce(jsonb_agg(x.ref order by x.ref), '[]')
      from incident_camera ic join camera x on x.id = ic.camera_id where ic.incident_id = i.id and ic.until is null),
    'deployments', (select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'state', d.state, 'en_route', (
        select coalesce(jsonb_agg(jsonb_build_object('negotiator', n.id, 'name', o.rank || ' ' || o.name, 'since', m.since, 'arrival', m.arrival, 'camera', (
            select c.ref from negotiator_camera nc join camera c on c.id = nc.camera_id
            where nc.negotiator_id = n.id and c.disabled_time is null and camera_visible(c.id) order by c.kind = 'tracker', c.ref limit 1
          )) order by m.id), '[]')
        from deployment_member m join negotiator n on n.id = m.negotiator_id join officer o on o.id = n.officer_id
        where m.deployment_id = d.id and m.state = 'en_route')) order by d.id), '[]')
      from deployment d where d.incident_id = i.id)) as document
from incident i join grade g on g.code = i.grade left join app_user c on c.id = i.created_by
where ($1::bigint is null or i.id = $1) and ($2::boolean is null or (i.closed_time is null) = $2)
order by i.closed_time is not null, i.opened_time desc, i.id desc limit $3;

-- name: by_log_number
-- The incident with a log number, where the acting user may see it.
select id from incident where log_number = $1;

-- name: consulted
-- Records that the acting user read a restricted incident.
select audit_append('consultation', 'incident.view', 'incident', $1::bigint::text, p_incident_id => $1);

-- name: log
-- The command log of an incident, oldest first, after an entry.
select l.id, l.incident_id as incident, l.at, l.author, coalesce(u.display_name, l.author) as author_name, l.author_role, l.kind, l.text,
  l.about, l.acknowledged_by, l.deployment_id as deployment
from incident_log l left join app_user u on u.id = l.author_user_id
where l.incident_id = $1 and l.id > $2 order by l.id limit $3;

-- name: log_entry
-- One entry of an incident's log.
select l.id, l.incident_id as incident, l.at, l.author, coalesce(u.display_name, l.author) as author_name, l.author_role, l.kind, l.text,
  l.about, l.acknowledged_by, l.deployment_id as deployment
from incident_log l left join app_user u on u.id = l.author_user_id where l.incident_id = $1 and l.id = $2;

-- name: write_log
-- Appends to the command log: incident, kind, text, entry it speaks of, who said so by radio; leaves an audit row.
select log_write($1, $2, $3, $4, $5);

-- name: assign
-- Names a person on an incident: incident, user name, capacity.
select outcome, code, message from incident_assign($1, $2, $3);

-- name: release
-- Takes a person off an incident: incident, user name.
select outcome, code, message from incident_release($1, $2);

-- name: camera
-- A camera comes to an incident, or leaves it: incident, camera, whether it is there.
select outcome, code, message from incident_camera_put($1, $2, $3);

-- name: close
-- Closes an incident, with the reason.
select outcome, code, message from incident_close($1, $2);

-- name: link
-- Links a provisional incident to the incident it turned out to be.
select outcome, code, message from incident_link($1, $2);

-- name: place
-- Where an incident is, in WGS 84 degrees; where the acting user may see it.
select lat, lon from incident where id = $1;

-- name: rvp
-- Where the RVP of an incident is: incident, its name, latitude and longitude (WGS 84 degrees, null: not known), the entry of the log,
-- whether one that has a place stays.
select outcome, code, message from incident_rvp_put($1, $2, $3, $4, $5, $6);

-- name: grades
-- The force's grades, most urgent first.
select code, name from grade order by rank;
