-- Cursor-on-Target: who may be told where the officers are, whom nobody is told of that way, and the audit of what was disclosed.

-- What makes an account one that may be told every position that is not hidden: the scope of its role on the map. Null: it may;
-- otherwise a code that says why not.
create function sightline.cot_refusal(p_user_id int) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select case rc.scope
      when 'all' then null
      when 'on_call' then case when sightline.is_on_call(u.id) then null else 'not_on_call' end
      else 'role_not_permitted'
    end
  from sightline.app_user u
  left join sightline.role_capability rc on rc.role = u.role and rc.capability = 'map.view'
  where u.id = p_user_id
$$;

-- The account of a machine's token (by its hash; the cookie of a browser is none) or, where that is null, of the name in a client
-- certificate. No row: there is none. refusal: null, or why it may not be told positions.
create function sightline.cot_recipient(p_token_hash bytea, p_username text)
  returns table (user_id int, username text, session_id uuid, refusal text)
  stable language sql security definer set search_path = sightline, public as $$
  select u.id, u.username, s.id, sightline.cot_refusal(u.id)
  from sightline.app_user u left join sightline.session s on s.user_id = u.id and s.token_hash = p_token_hash
  where u.disabled_time is null
    and case when p_token_hash is null then u.username = p_username
      else s.kind = 'machine' and sightline.session_is_live(s) end
$$;

-- Whether an account, by its token's session where it came by one, may still be told positions.
create function sightline.cot_permitted(p_user_id int, p_session_id uuid) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (select from sightline.app_user u where u.id = p_user_id and u.disabled_time is null)
    and (p_session_id is null
      or exists (select from sightline.session s where s.id = p_session_id and sightline.session_is_live(s)))
    and sightline.cot_refusal(p_user_id) is null
$$;

-- Cameras of which only the people named on an incident may know: the rule of feed_visibility(), for somebody named on none.
create function sightline.cot_hidden() returns setof int
  stable language sql security definer set search_path = sightline, public as $$
  select distinct camera_id from sightline.camera_at_incident where hidden
$$;

-- Audits what is disclosed: that it begins, that it has ended, or that it was refused. The gateway is who does it; to whom and where
-- to is the recipient and the address.
create function sightline.cot_disclosure(p_step text, p_recipient text, p_address text, p_reason text, p_detail jsonb) returns bigint
  language plpgsql security definer set search_path = sightline, public as $$
declare
  before text := current_setting('sightline.address', true);
  made bigint;
begin
  if p_step not in ('begin', 'end', 'refuse') then
    raise exception 'step of a disclosure: % is not begin, end or refuse', p_step using errcode = 'check_violation';
  end if;
  perform set_config('sightline.address', p_address, true);
  made := sightline.audit_append('disclosure', 'cot.' || p_step, 'positions', 'live',
    case when p_step = 'refuse' then 'refused' else 'allowed' end,
    p_reason => p_reason, p_detail => p_detail, p_actor => 'system:gateway', p_recipient => p_recipient);
  perform set_config('sightline.address', coalesce(before, ''), true);
  return made;
end
$$;

grant execute on function sightline.cot_recipient(bytea, text), sightline.cot_permitted(int, uuid), sightline.cot_hidden(),
  sightline.cot_disclosure(text, text, text, text, jsonb) to sightline_gateway;
