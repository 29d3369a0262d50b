-- Tries to sign in: one that gets in becomes a success where it stands, and the browser that it came from is known again.

alter table sightline.login_attempt
  add column id bigint generated always as identity primary key,
  add column browser bytea;  -- SHA-256 of the browser's cookie, where the name got in with it; null: not known
create index login_attempt_browser on sightline.login_attempt (browser, username) where browser is not null;
grant update (succeeded, browser) on sightline.login_attempt to sightline_dashboard;
