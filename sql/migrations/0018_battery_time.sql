-- The charge of a battery goes by the device's time, so that reports give the same picture in whatever order they arrive.

alter table live add column battery_time timestamptz;

comment on column live.battery_time is 'The device''s time of battery_pct; null: never told, or told before this was kept.';
