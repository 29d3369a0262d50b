"""The pinned libraries are what the relay needs; where they are not, it says so and stays down."""

from __future__ import annotations

import aioice
import pytest
from aioice import ice
from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.codecs import CODECS

from sightline.ingest.media import hooks
from sightline.ingest.media.errors import UnsupportedLibraryError


async def test_the_installed_libraries_pass() -> None:
    await hooks.verify()


async def test_another_version_is_refused_by_name(monkeypatch) -> None:
    monkeypatch.setattr(aioice, "__version__", "0.14.0")
    with pytest.raises(
        UnsupportedLibraryError, match=r"aioice 0\.14\.0 is installed.* needs aioice 0\.13\.0"
    ):
        await hooks.verify()


@pytest.mark.parametrize(
    ("owner", "part"),
    [
        (RTCRtpSender, "_retransmit"),
        (RTCRtpReceiver, "_send_rtcp_pli"),
        (ice.Connection, "query_consent"),
        (ice, "CONSENT_INTERVAL"),
    ],
)
async def test_a_missing_part_is_refused_by_name(monkeypatch, owner: object, part: str) -> None:
    monkeypatch.delattr(owner, part)
    with pytest.raises(UnsupportedLibraryError, match=part):
        await hooks.verify()


def test_installing_twice_changes_nothing_more() -> None:
    hooks.install()
    before = list(CODECS["video"])
    hooks.install()
    assert CODECS["video"] == before
    numbers = [codec.payloadType for codec in before]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) < 128
    assert (ice.CONSENT_INTERVAL, ice.CONSENT_FAILURES) == (1, 4)
