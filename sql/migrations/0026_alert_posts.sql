-- An officer who asks for eyes on is passed from post to post until somebody answers.

insert into sightline.force_setting (key, value, meaning) values
  ('eyes_on_pass_after_s', '30', 'Seconds without an answer after which a call for eyes on goes to the next post');

-- Posts whose holders answer alerts do so in this order; null: alerts do not come to this post.
alter table sightline.post add column alert_turn smallint;
update sightline.post p set alert_turn = t.turn
  from (select code, row_number() over (order by code) as turn from sightline.post where role in (
    select role from sightline.role_capability where capability = 'alert.answer')) t where t.code = p.code;

-- The posts that an alert has come to, in order; the last has its turn. Where no post is held, it comes to all who answer alerts.
create table sightline.alert_turn (
  alert_id bigint not null references sightline.alert on delete cascade,
  post text not null references sightline.post,
  from_time timestamptz not null default now(),
  primary key (alert_id, post)
);
grant select on sightline.alert_turn to sightline_dashboard;

-- The post that has the turn after those an alert has come to already: held now, by somebody who may answer; null: none.
create function sightline.alert_next_post(p_alert_id bigint) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select p.code from post p
  join post_holding h on h.post = p.code and h.to_time is null
  join app_user u on u.id = h.user_id and u.disabled_time is null
  join role_capability c on c.role = u.role and c.capability = 'alert.answer'
  where p.alert_turn is not null and not exists (select from alert_turn t where t.alert_id = p_alert_id and t.post = p.code)
  order by p.alert_turn, p.code limit 1
$$;
revoke execute on function sightline.alert_next_post(bigint) from public;
grant execute on function sightline.alert_next_post(bigint) to sightline_dashboard;

-- An officer asks for eyes on. Asking again while it waits changes nothing. Returns the state to tell the camera.
create or replace function sightline.alert_eyes_on(p_camera_id int) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
  first text;
begin
  insert into sightline.alert (kind, camera_id) values ('eyes_on', p_camera_id)
    on conflict (camera_id) where kind = 'eyes_on' and state <> 'ended' do nothing returning * into a;
  if found then
    first := alert_next_post(a.id);
    if first is not null then
      insert into alert_turn (alert_id, post) values (a.id, first);
    end if;
    perform sightline.audit_append('collection', 'alert.eyes_on', 'camera',
      (select ref from sightline.camera where id = p_camera_id),
      p_detail => jsonb_build_object('alert', a.id, 'post', first), p_actor => 'system:gateway');
    perform sightline.announce('alert', jsonb_build_object('alert', a.id));
    return a.state;
  end if;
  return (select state from sightline.alert where camera_id = p_camera_id and kind = 'eyes_on' and state <> 'ended');
end
$$;

-- Calls for eyes on that nobody has answered in time go to the next post, if there is one; returns how many.
create function sightline.alerts_pass_on() returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a record;
  next text;
  passed int := 0;
begin
  for a in
    select w.id, w.camera_id from alert w where w.kind = 'eyes_on' and w.state = 'waiting'
      and coalesce((select max(t.from_time) from alert_turn t where t.alert_id = w.id), w.raised_time)
        <= now() - make_interval(secs => setting_number('eyes_on_pass_after_s')::float8)
    for update skip locked
  loop
    next := alert_next_post(a.id);
    continue when next is null;
    insert into alert_turn (alert_id, post) values (a.id, next);
    perform audit_append('alteration', 'alert.passed_on', 'alert', a.id::text,
      p_detail => jsonb_build_object('post', next), p_actor => 'system:keeper');
    perform announce('alert', jsonb_build_object('alert', a.id));
    passed := passed + 1;
  end loop;
  return passed;
end
$$;
revoke execute on function sightline.alerts_pass_on() from public;
grant execute on function sightline.alerts_pass_on() to sightline_keeper;
