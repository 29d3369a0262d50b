-- name: all
-- Posts of the acting user's role: who holds each and since when, to whom it is offered; whether either is the user.
select p.code, p.name, u.username as holder, u.display_name as held_by, h.from_time as since, o.username as offered_to,
  o.display_name as offered_to_name, h.offered_time, coalesce(h.user_id = actor_user_id(), false) as is_mine,
  coalesce(h.offered_to = actor_user_id(), false) as is_offered_to_me
from post p
left join post_holding h on h.post = p.code and h.to_time is null
left join app_user u on u.id = h.user_id
left join app_user o on o.id = h.offered_to
where p.role = actor_role()
order by p.alert_turn nulls last, p.name;

-- name: colleagues
-- To whom the acting user may hand a post over, by name; whether they are signed in.
select u.username, u.display_name as name, exists (select from session s where s.user_id = u.id and session_is_live(s)) as is_here
from app_user u where u.role = actor_role() and u.id <> actor_user_id() and u.disabled_time is null
order by is_here desc, name;

-- name: take
-- The acting user takes a post.
select * from post_take($1);

-- name: offer
-- The acting user offers a post to a colleague.
select * from post_offer($1, $2);

-- name: accept
-- The acting user accepts a post.
select * from post_accept($1);

-- name: withdraw
-- The acting user withdraws or declines an offer.
select * from post_withdraw($1);

-- name: leave
-- The acting user leaves a post.
select * from post_leave($1);

-- name: roles
-- Roles whose people hold posts.
select distinct role from role_capability where capability = 'post.hold' order by role;

-- name: add
-- Makes a post: code, name, role, turn in which alerts come to it.
insert into post (code, name, role, alert_turn) values ($1, $2, $3, $4);

-- name: list
-- Every post, in the order in which alerts come; who holds it.
select p.code, p.name, p.role, p.alert_turn, u.username
from post p left join post_holding h on h.post = p.code and h.to_time is null left join app_user u on u.id = h.user_id
order by p.alert_turn nulls last, p.name;
