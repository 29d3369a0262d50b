-- name: bins
-- Device-bins of some cells since a time.
select b.camera_id, (extract(epoch from b.bin_start) * 1000000)::bigint as start_us, b.cell, b.rsrp_dbm, b.uplink_kbps, b.gap
from coverage_bin b where b.cell = any ($1::bigint[]) and b.bin_start >= $2;
