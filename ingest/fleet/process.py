"""The live fleet: every simulated camera is a real client with a socket and token of its own.

LiveForce (who is where, pure) → CameraClient (one socket each) → gateway
             stream_start ← gateway;  StudioProcess publishes the picture
"""

from __future__ import annotations

import asyncio
import logging
import math
import time

from sightline.ingest.camera import messages as m
from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.studio_process import StudioProcess
from sightline.ingest.fields import BUFFERING, OFF, RECORDING
from sightline.ingest.fleet.files import FleetFiles, FleetPlan
from sightline.ingest.fleet.force import Force, Officer, build_force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.live import Happened, LiveForce
from sightline.ingest.fleet.radio import LTE, NR, OPERATORS, cell_name
from sightline.ingest.fleet.readings import Reading
from sightline.ingest.settings import FleetSettings

log = logging.getLogger(__name__)

TICK_S = 0.2
CONNECT_WITHIN_S = 6.0
"""All cameras have begun to connect after this long, however many they are."""
CATCH_UP_S = 900.0
"""A fleet that starts this soon after its history ends sends what lies between, as buffered fixes."""
ACCEPT_AFTER_S = 2.0
"""How long it takes an officer to accept to be talked to."""
LOST_AFTER = 2
"""Readings without a network after which the connection is gone."""
MODEL, FIRMWARE = "AB4", "7.3.1"

_RECORDING: dict[int, m.Recording] = {OFF: "off", BUFFERING: "buffering", RECORDING: "recording"}
_BEARER: dict[int, m.Bearer] = {LTE: "lte", NR: "nr"}


async def run(settings: FleetSettings, stop: asyncio.Event) -> None:
    """Keep the demo's cameras at work until `stop` is set.

    Raises:
        DemoIncompleteError: the data directory holds no demo's fleet.
    """
    files = FleetFiles(settings.data_dir)
    ground, plan, tokens = await asyncio.to_thread(files.read)
    force = await asyncio.to_thread(build_force, ground, plan.cameras, plan.seed)
    url = settings.fleet_gateway_url
    if url is None:
        url = f"ws://{settings.client_host}:{settings.gateway_port}/camera"
    async with StudioProcess(on_ended=_publication_ended) as studio:
        cameras = [SimulatedCamera(o, url, tokens[o.camera], studio) for o in force.officers]
        await _work(ground, plan, force, cameras, stop)


def _publication_ended(publication: str, reason: str) -> None:
    log.info("publication %s is over: %s", publication, reason)


async def _work(
    ground: Ground,
    plan: FleetPlan,
    force: Force,
    cameras: list[SimulatedCamera],
    stop: asyncio.Event,
) -> None:
    live = LiveForce(ground, force, plan)
    async with asyncio.TaskGroup() as group:
        clients: list[asyncio.Task[None]] = []
        parts = [
            group.create_task(_connect(group, live, plan, cameras, clients)),
            group.create_task(_tick(live, cameras)),
        ]
        await stop.wait()
        for task in (*parts, *clients):
            task.cancel()


async def _connect(
    group: asyncio.TaskGroup,
    live: LiveForce,
    plan: FleetPlan,
    cameras: list[SimulatedCamera],
    clients: list[asyncio.Task[None]],
) -> None:
    """Bring the cameras to work one after the other, so that they do not all connect at once."""
    began = time.monotonic()
    for number, camera in enumerate(cameras):
        now = time.time()
        live.begin(number, plan.epoch_s if now - plan.epoch_s < CATCH_UP_S else now)
        clients.append(group.create_task(camera.client.run()))
        wait_s = began + CONNECT_WITHIN_S * (number + 1) / len(cameras) - time.monotonic()
        await asyncio.sleep(max(0.0, wait_s))


async def _tick(live: LiveForce, cameras: list[SimulatedCamera]) -> None:
    before = time.time()
    while True:
        now = time.time()
        if now - before > CATCH_UP_S:  # the machine slept: nobody was at work
            live.skip_to(now)
        report(live.until(now), cameras)
        before = now
        await asyncio.sleep(TICK_S - time.time() % TICK_S)


def report(happened: Happened, cameras: list[SimulatedCamera]) -> None:
    """Give what happened in the force to the cameras that it happened to."""
    for state in happened.states:
        camera = cameras[state.officer]
        camera.client.set_status(_RECORDING[state.recording], round(state.battery_pct))
    if happened.readings is not None:
        for reading in happened.readings.rows():
            cameras[reading.officer].take(reading)


class SimulatedCamera:
    """One officer's camera: its client, its luck with the network, and what it publishes."""

    def __init__(self, officer: Officer, url: str, token: str, studio: StudioProcess) -> None:
        identity = m.Identity(officer.camera, MODEL, FIRMWARE, officer.audio_out)
        self.client = CameraClient(url, token, identity, self._hear)
        self._officer = officer
        self._studio = studio
        self._publications: set[str] = set()
        self._talk: str | None = None
        self._unheard = 0
        self._uplink_kbps: float | None = None

    def take(self, reading: Reading) -> None:
        """A reading is reported at once, or kept while there is no network."""
        if reading.service:
            if self._unheard >= LOST_AFTER:
                self.client.regain_signal()
            self._unheard = 0
            self._uplink_kbps = reading.uplink_kbps
        else:
            self._unheard += 1
            if self._unheard == LOST_AFTER:
                self._lose_signal()
        self.client.add_fix(fix_of(reading))

    def _lose_signal(self) -> None:
        self.client.lose_signal()
        for publication in self._publications:
            self._studio.stop(publication)
        self._publications.clear()

    def _hear(self, message: m.Incoming) -> None:
        match message:
            case m.StreamStart():
                self._publications.add(message.stream)
                self._studio.start(
                    message.stream,
                    message.whip,
                    message.token,
                    call_sign=self._officer.call_sign,
                    camera=self._officer.camera,
                    uplink_kbps=self._uplink_kbps,
                    ice_servers=message.ice_servers,
                )
            case m.StreamStop():
                self._publications.discard(message.stream)
                self._studio.stop(message.stream)
            case m.TalkRequest() if self._officer.audio_out != "none":
                asyncio.get_running_loop().call_later(ACCEPT_AFTER_S, self._accept, message.talk)
                self._talk = message.talk
            case m.TalkStart():
                aloud = self._officer.audio_out == "speaker"
                beside = next(iter(self._publications), None) if aloud else None
                self._studio.listen(
                    message.talk,
                    message.whep,
                    message.token,
                    beside=beside,
                    ice_servers=message.ice_servers,
                )
            case m.TalkStop() if self._talk is not None and message.talk in (None, self._talk):
                self._studio.hush(self._talk)
                self._talk = None

    def _accept(self, talk: str) -> None:
        if self._talk == talk:
            self.client.answer_talk(talk, accept=True)


def fix_of(r: Reading) -> m.Fix:
    """A reading as the camera reports it."""
    return m.Fix(
        time=r.time_ms,
        lat=r.lat,
        lon=r.lon,
        recording=_RECORDING[r.recording],
        accuracy_m=r.accuracy_m,
        speed_mps=r.speed_mps,
        heading_deg=None if math.isnan(r.heading_deg) else r.heading_deg,
        battery_pct=r.battery_pct,
        signal=_signal(r) if r.service else None,
    )


def _signal(r: Reading) -> m.Signal:
    return m.Signal(
        bearer=_BEARER[r.bearer],
        operator=OPERATORS[r.operator],
        cell=cell_name(r.operator, r.cell),
        rsrp_dbm=r.rsrp_dbm,
        rsrq_db=r.rsrq_db,
        sinr_db=r.sinr_db,
        uplink_kbps=r.uplink_kbps,
    )
