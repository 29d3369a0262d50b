-- name: on_call
-- Who is on call at a time, with their call-outs (dispatches, exercises left out) in the 7 and 28 days before it.
select n.id as negotiator_id, o.rank || ' ' || o.name as name, o.shoulder_number, n.capacity, n.phone, n.kidnap_trained, n.languages,
  n.training_until, upper(s.during) as until, x.last_call_out, x.call_outs_7, x.call_outs_28, x.is_out as out
from rota_shift s
join negotiator n on n.id = s.negotiator_id
join officer o on o.id = n.officer_id
join negotiator_duties($1) x on x.negotiator_id = n.id
where s.during @> $1::timestamptz
order by n.capacity, n.id;

-- name: shifts
-- Shifts that touch a time, by start.
select n.id as negotiator_id, o.rank || ' ' || o.name as name, n.capacity, n.kidnap_trained, n.training_until,
  lower(s.during) as start, upper(s.during) as end
from rota_shift s join negotiator n on n.id = s.negotiator_id and n.active join officer o on o.id = n.officer_id
where s.during && tstzrange($1, $2) order by lower(s.during), n.id;

-- name: people
-- Everybody who can be on call.
select n.id as negotiator_id, o.rank || ' ' || o.name as name, n.capacity, n.kidnap_trained, n.training_until
from negotiator n join officer o on o.id = n.officer_id where n.active order by n.id;

-- name: minimum
-- How many the force wants on call.
select setting_number('minimum_negotiators')::int as negotiators, setting_number('minimum_negcos')::int as negcos;

-- name: put
-- Replaces the shifts in a time: from, to, shifts, reason.
select outcome, code, message from rota_put($1, $2, $3, $4);
