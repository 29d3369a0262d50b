"""A scene with every real part: gateway, relay, a camera that encodes and publishes, the dashboard, a browser."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from playwright.async_api import Page, expect

from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.messages import (
    AudioOut,
    Fix,
    Identity,
    Incoming,
    StreamStart,
    StreamStop,
    TalkRequest,
    TalkStart,
    TalkStop,
)
from sightline.ingest.camera.studio_process import StudioProcess
from sightline.ingest.media import process
from sightline.ingest.settings import MediaSettings
from sightline.sql.accounts import add_camera
from tests.browser.conftest import Desk, open_desk
from tests.force import Force
from tests.ingest.camera_client import RunningGateway

CAMERA = "AB4-000123"


class Scene:
    """A dashboard with a browser, and one camera that records and streams when it is told to."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.studio = StudioProcess(on_ended=lambda _publication, _why: None)
        self.camera: CameraClient
        self.desk: Desk
        self.accepts: bool | None = True
        """What the officer answers who asks to talk to them; None: nothing."""
        self.sends: str | None = None

    def hear(self, message: Incoming) -> None:
        if isinstance(message, StreamStart):
            self.sends = message.stream
            self.studio.start(
                message.stream, message.whip, message.token, call_sign="RB31", camera=CAMERA
            )
        elif isinstance(message, StreamStop):
            self.studio.stop(message.stream)
        elif isinstance(message, TalkRequest) and self.accepts is not None:
            self.camera.answer_talk(message.talk, accept=self.accepts)
        elif isinstance(message, TalkStart):
            aloud = self.camera.core.identity.audio_out == "speaker"
            self.studio.listen(
                message.talk, message.whep, message.token, beside=self.sends if aloud else None
            )
        elif isinstance(message, TalkStop) and message.talk is not None:
            self.studio.hush(message.talk)

    async def open_stream(self, page: Page) -> None:
        """From the card's button to the dialog's."""
        await page.get_by_role("button", name="Open stream…").click()
        await page.locator("#stream-reason").fill("See the subject on the bridge")
        await page.get_by_label("No incident yet").check()
        await expect(page.locator("#stream-purpose")).to_have_value("Officer safety")
        await page.locator("#stream-open").click()


@asynccontextmanager
async def running_scene(
    force: Force, chromium: str, audio_out: AudioOut = "earpiece"
) -> AsyncIterator[Scene]:
    """Until the end of the block. `audio_out`: where the camera's sound comes out."""
    added = await add_camera(force.owner, CAMERA)
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        gateway = await RunningGateway(force.database).start()
        stack.push_async_callback(gateway.stop)
        secret = gateway.settings.internal_secret
        settings = MediaSettings(
            data_dir=force.database.data_dir,
            internal_secret=secret,
            media_port=0,
            media_internal_port=0,
        )
        relay = asyncio.create_task(process.run(settings, stop))
        stack.push_async_callback(asyncio.wait_for, relay, 10)
        stack.callback(stop.set)
        scene = Scene(force)
        await stack.enter_async_context(scene.studio)
        await asyncio.wait_for(scene.studio.ready.wait(), 30)
        identity = Identity(CAMERA, "Reference", "1.0", audio_out)
        scene.camera = CameraClient(f"{gateway.url}/camera", added.token, identity, scene.hear)
        running = asyncio.create_task(scene.camera.run())
        stack.callback(running.cancel)
        scene.camera.set_status("recording", 80.0)
        scene.camera.add_fix(
            Fix(time=int(time.time() * 1000), lat=56.35, lon=1.18, recording="recording")
        )
        scene.desk = await stack.enter_async_context(
            open_desk(
                force,
                chromium,
                internal_secret=secret.get_secret_value(),
                gateway_public_url=gateway.http,
            )
        )
        yield scene
