"""Cameras that are not ours: FFmpeg's own WHIP publisher, in several H.264 profiles."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.ingest.media.conftest import SECRET, RelayBench


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """FFmpeg wants a certificate and key of its own, as files."""
    directory = tmp_path_factory.mktemp("camera")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@asynccontextmanager
async def ffmpeg_camera(
    url: str, profile: str, certificate: tuple[Path, Path]
) -> AsyncIterator[asyncio.subprocess.Process]:
    script = Path(__file__).parent / "ffmpeg_camera.py"
    arguments = [str(script), url, SECRET, profile, *map(str, certificate)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            assert await asyncio.wait_for(process.wait(), 10) == 0
        except TimeoutError:
            process.kill()
            raise


@pytest.mark.parametrize(
    ("profile", "prefer"), [("Baseline", "42e0"), ("Main", "4d00"), ("High", "6400")]
)
async def test_an_ffmpeg_camera_is_relayed(
    bench: RelayBench, certificate: tuple[Path, Path], profile: str, prefer: str
) -> None:
    publication = uuid4()
    url = bench.url(f"publications/{publication}")
    async with ffmpeg_camera(url, profile, certificate):
        viewer = await bench.viewer(publication, prefer=prefer)
        pictures = [await viewer.picture(10) for _ in range(20)]
        if profile == "High":
            # It answers no consent checks: the relay must not mistake that for its end.
            assert await viewer.last_picture_at(7) is None
        assert publication in bench.relay.publications
    times = [picture.strip_ms for picture in pictures]
    assert None not in times
    assert times == sorted(set(times))
    await bench.wait_until(lambda: not bench.relay.publications, 8)
    assert bench.end_reason(publication) is not None
