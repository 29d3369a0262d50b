"""A gateway's port is its own, unless several are told to share it."""

from __future__ import annotations

import asyncio

import pytest

from sightline.ingest.gateway import run
from sightline.ingest.settings import GatewaySettings
from tests.conftest import Database
from tests.ports import free_port


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


@pytest.mark.parametrize("shared", [False, True])
async def test_a_second_gateway_comes_to_a_port_only_where_both_share_it(
    database: Database, shared: bool
) -> None:
    port, stop = free_port(), asyncio.Event()

    def gateway(name: str, http_port: int) -> asyncio.Task[None]:
        settings = GatewaySettings(
            data_dir=database.data_dir, gateway_port=port, gateway_http_port=http_port, gateway_cot_port=0,
            gateway_name=name, gateway_share_port=shared, internal_secret="x" * 40,
        )  # fmt: skip
        return asyncio.create_task(run(settings, stop))

    first = gateway("first", free_port())
    await _listening(port)
    http_port = free_port()
    second = gateway("second", http_port)
    if shared:
        await _listening(http_port)
        assert not second.done()
        stop.set()
        await asyncio.wait_for(second, 15)
    else:
        with pytest.raises(BaseExceptionGroup) as raised:
            await asyncio.wait_for(second, 15)
        assert raised.group_contains(OSError, match="already in use")
        stop.set()
    await asyncio.wait_for(first, 15)
