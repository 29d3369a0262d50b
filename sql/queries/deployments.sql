-- name: request
-- Files a request for negotiators.
select outcome, code, message, deployment_id from deployment_request($1, $2);

-- name: documents
-- Deployments that the acting user may see, newest first, each as one document: one of them, those of an incident, live or not.
-- Returns are for whoever reads or writes them, telephone numbers for whoever calls people out.
select jsonb_build_object(
    'id', d.id, 'incident', d.incident_id, 'state', d.state, 'state_name', s.name, 'live', s.live, 'request', d.request,
    'requested_by', rb.username, 'requested_time', d.requested_time, 'updated_time', d.updated_time,
    'commander', co.username, 'commander_name', co.display_name, 'handover_to', ht.username, 'handover_to_name', ht.display_name,
    'return', case when reader.reads_returns then d.return_detail end,
    'members', (select coalesce(jsonb_agg(jsonb_build_object('negotiator', m.negotiator_id, 'name', o.name,
        'officer', o.shoulder_number, 'capacity', n.capacity, 'phone', case when reader.calls_out then n.phone end,
        'state', m.state, 'had_set_off', m.had_set_off,
        'since', m.since, 'arrival', m.arrival) order by m.id), '[]')
      from deployment_member m join negotiator n on n.id = m.negotiator_id join officer o on o.id = n.officer_id
      where m.deployment_id = d.id),
    'transitions', (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'at', t.at, 'from', t.from_state, 'to', t.to_state,
        'action', t.action, 'recommendation', t.recommendation, 'by', t.by_username, 'role', t.by_role, 'rationale',
        case when reader.reads_returns or t.action <> 'return' then t.rationale else '' end,
        'members', t.members) order by t.id), '[]')
      from deployment_transition t where t.deployment_id = d.id),
    'possible', (select coalesce(jsonb_agg(r.action order by r.action), '[]') from deployment_rule r where r.from_state = d.state)
    ) as document
from deployment d
cross join (select may('return.read') is not null or may('return.write') is not null as reads_returns,
  may('rota.read') is not null or may('rota.write') is not null or may('deployment.decide') is not null as calls_out) reader
join deployment_state s on s.code = d.state
join app_user rb on rb.id = d.requested_by
left join app_user co on co.id = d.commander_id
left join app_user ht on ht.id = d.handover_to
where ($1::bigint is null or d.id = $1) and ($2::bigint is null or d.incident_id = $2) and ($3::boolean is null or (d.state = any (array(select x.code from deployment_state x where x.live))) = $3)
order by d.id desc limit $4;

-- name: in_charge
-- Whether the acting user is the commander in charge of an incident.
select in_charge($1);

-- name: act
-- One step: deployment, action, rationale, members (null: all), recommendation, detail.
select outcome, code, message, possible from deployment_act($1, $2, $3, $4, $5, $6);

-- name: arrival
-- When members who are en route (null: all of them) are expected at the scene.
select outcome, code, message, possible from deployment_arrival($1, $2, $3);

-- name: hand_over
-- Offers command to a user.
select outcome, code, message, possible from deployment_hand_over($1, $2);

-- name: hand_over_accept
-- Takes the command that was offered.
select outcome, code, message, possible from deployment_hand_over_accept($1);

-- name: states_from
-- The states that actions lead to from the state of a deployment.
select distinct r.to_state, s.rank from deployment d join deployment_rule r on r.from_state = d.state
join deployment_state s on s.code = r.to_state where d.id = $1 order by s.rank;

-- name: user
-- The account of a user name.
select id from app_user where username = $1 and disabled_time is null;

-- name: negotiators
-- Which of these shoulder numbers are negotiators' who may be sent.
select n.id, o.shoulder_number from negotiator n join officer o on o.id = n.officer_id
where n.active and o.shoulder_number = any ($1::text[]);

-- name: recommendations
-- What a NegCo may recommend.
select code, name from recommendation order by code;
