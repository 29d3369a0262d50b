-- Posts are taken, handed over and left by those who hold them; a hand-over counts once it is accepted.

insert into sightline.capability values ('post.hold', 'Take, hand over and leave posts');
insert into sightline.role_capability (role, capability, scope) values ('fim', 'post.hold', 'all'), ('negco', 'post.hold', 'all');

alter table sightline.post_holding add column offered_to int references sightline.app_user, add column offered_time timestamptz,
  add check ((offered_to is null) = (offered_time is null));

-- One answer of the functions below: done, or why not.
create type sightline.post_answer as (outcome text, code text, message text);

create function sightline.post_refused(p_action text, p_post text, p_outcome text, p_code text, p_message text)
  returns sightline.post_answer language plpgsql set search_path = sightline, public as $$
begin
  perform audit_append('alteration', p_action, 'post', p_post, 'refused', p_detail => jsonb_build_object('why', p_code));
  return (p_outcome, p_code, p_message)::post_answer;
end
$$;
revoke execute on function sightline.post_refused(text, text, text, text, text) from public;

create function sightline.post_done(p_action text, p_post text, p_detail jsonb default '{}')
  returns sightline.post_answer language plpgsql set search_path = sightline, public as $$
begin
  perform audit_append('alteration', p_action, 'post', p_post, p_detail => p_detail);
  perform announce('post', jsonb_build_object('post', p_post));
  return ('ok', null, null)::post_answer;
end
$$;
revoke execute on function sightline.post_done(text, text, jsonb) from public;

-- The acting user takes a post that nobody holds.
create function sightline.post_take(p_post text) returns sightline.post_answer
  language plpgsql security definer set search_path = sightline, public as $$
declare
  p sightline.post;
  holder text;
  other text;
begin
  select * into p from post where code = p_post for update;
  if not found then
    return post_refused('post.take', p_post, 'not_found', 'post_unknown', 'There is no such post.');
  elsif p.role is distinct from actor_role() then
    return post_refused('post.take', p_post, 'forbidden', 'role_not_permitted', format('%s is not a post of your role.', p.name));
  end if;
  select u.display_name into holder from post_holding h join app_user u on u.id = h.user_id where h.post = p.code and h.to_time is null;
  if holder is not null then
    return post_refused('post.take', p_post, 'conflict', 'post_held', format('%s holds %s; it has to be handed over.', holder, p.name));
  end if;
  select x.name into other from post_holding h join post x on x.code = h.post where h.user_id = actor_user_id() and h.to_time is null;
  if other is not null then
    return post_refused('post.take', p_post, 'conflict', 'holds_another', format('You hold %s; hand it over or leave it first.', other));
  end if;
  insert into post_holding (post, user_id) values (p.code, actor_user_id());
  return post_done('post.take', p_post);
end
$$;

-- The holder offers a post to a colleague of the same role; an offer before is withdrawn by it.
create function sightline.post_offer(p_post text, p_to text) returns sightline.post_answer
  language plpgsql security definer set search_path = sightline, public as $$
declare
  h sightline.post_holding;
  u sightline.app_user;
begin
  select * into h from post_holding where post = p_post and to_time is null and user_id = actor_user_id() for update;
  if not found then
    return post_refused('post.offer', p_post, 'conflict', 'post_not_held', 'You do not hold this post.');
  end if;
  select * into u from app_user where username = p_to and disabled_time is null and role = actor_role() and id <> actor_user_id();
  if not found then
    return post_refused('post.offer', p_post, 'invalid', 'nobody_to_take_it', 'A post is handed over to a colleague of the same role.');
  end if;
  update post_holding set offered_to = u.id, offered_time = now() where id = h.id;
  return post_done('post.offer', p_post, jsonb_build_object('to', u.username));
end
$$;

-- Whoever a post was offered to accepts it, and holds it from then on.
create function sightline.post_accept(p_post text) returns sightline.post_answer
  language plpgsql security definer set search_path = sightline, public as $$
declare
  h sightline.post_holding;
  other text;
begin
  select * into h from post_holding where post = p_post and to_time is null and offered_to = actor_user_id() for update;
  if not found then
    return post_refused('post.accept', p_post, 'conflict', 'not_offered', 'This post is not offered to you, or not any more.');
  end if;
  select x.name into other from post_holding o join post x on x.code = o.post where o.user_id = actor_user_id() and o.to_time is null;
  if other is not null then
    return post_refused('post.accept', p_post, 'conflict', 'holds_another', format('You hold %s; hand it over or leave it first.', other));
  end if;
  update post_holding set to_time = now(), handed_over_to = actor_user_id(), offered_to = null, offered_time = null where id = h.id;
  insert into post_holding (post, user_id) values (p_post, actor_user_id());
  return post_done('post.accept', p_post, jsonb_build_object('from', (select username from app_user where id = h.user_id)));
end
$$;

-- The holder withdraws an offer, or whoever it was made to declines it.
create function sightline.post_withdraw(p_post text) returns sightline.post_answer
  language plpgsql security definer set search_path = sightline, public as $$
begin
  update post_holding set offered_to = null, offered_time = null
    where post = p_post and to_time is null and offered_to is not null and actor_user_id() in (user_id, offered_to);
  if not found then
    return post_refused('post.withdraw', p_post, 'conflict', 'not_offered', 'There is no offer of this post that is yours to end.');
  end if;
  return post_done('post.withdraw', p_post);
end
$$;

-- The holder leaves a post to nobody, as at the end of the last shift.
create function sightline.post_leave(p_post text) returns sightline.post_answer
  language plpgsql security definer set search_path = sightline, public as $$
begin
  update post_holding set to_time = now(), offered_to = null, offered_time = null
    where post = p_post and to_time is null and user_id = actor_user_id();
  if not found then
    return post_refused('post.leave', p_post, 'conflict', 'post_not_held', 'You do not hold this post.');
  end if;
  return post_done('post.leave', p_post);
end
$$;
revoke execute on function sightline.post_take(text), sightline.post_offer(text, text), sightline.post_accept(text),
  sightline.post_withdraw(text), sightline.post_leave(text) from public;
grant execute on function sightline.post_take(text), sightline.post_offer(text, text), sightline.post_accept(text),
  sightline.post_withdraw(text), sightline.post_leave(text) to sightline_dashboard;
