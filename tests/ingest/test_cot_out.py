"""Cursor-on-Target out: who is shown the officers, whom nobody is shown, and the audit of it; real sockets, real PostGIS."""

import asyncio
import json
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from sightline.ingest.cot import audience
from sightline.ingest.cot.tls import CotTlsError, server_context
from sightline.ingest.settings import GatewaySettings
from sightline.sql import connect, open_pool
from sightline.sql.accounts import add_camera, new_token, token_hash
from sightline.sql.settings import DatabaseSettings
from tests.force import Force
from tests.ingest.camera_client import RunningGateway, camera, fix_now, free_port, until
from tests.ingest.cot_client import auth, event, moment, tak


@pytest.fixture
async def force(database):
    return await Force.create(database)


@dataclass
class Place:
    """Where a database is, for a gateway."""

    data_dir: Path


async def started(database, **settings):
    return await RunningGateway(
        database, gateway_cot_port=free_port(), gateway_cot_out=True, **settings
    ).start()


@pytest.fixture
async def gateway(database):
    running = await started(database)
    yield running
    await running.stop()


@pytest.fixture
async def demo(database, force):
    """A gateway of a demonstration, where nobody on this machine needs a token."""
    await force.owner.execute("update force_setting set value = 'true' where key = 'demo'")
    running = await RunningGateway(database, gateway_cot_port=free_port(), demo=True).start()
    yield running
    await running.stop()


async def machine(force, role="fim"):
    """A token of a program that works as a user of this role."""
    person, token = await force.user(role), new_token()
    await force.owner.execute(
        "insert into session (user_id, kind, token_hash, csrf, role, expires_time)"
        " values ($1, 'machine', $2, 'x', $3, now() + interval '1 hour')",
        person.user_id, token_hash(token), role,
    )  # fmt: skip
    return token


async def audited(force, step, count=1):
    """The audit's rows of a step, once there are so many."""

    async def are_there():
        return await force.owner.fetchval("select count(*) from audit_entry where action = $1", step) >= count  # fmt: skip

    await until(are_there)
    return await force.owner.fetch("select * from audit_entry where action = $1 order by id", step)


# --- what is shown


async def test_an_officer_moves_with_stale_ce_and_course(gateway, force):
    token = (await add_camera(force.owner, "AB4-000123")).token
    async with tak(gateway, auth(await machine(force))) as map_, camera(gateway, token) as cam:
        for seq in (1, 2, 3):
            fix = fix_now(
                lat=51.2724 + seq / 1e4, accuracy_m=4.8, heading_deg=212.0, speed_mps=1.4,
                altitude_m=31.0, battery_pct=71,
            )  # fmt: skip
            await cam.report(fix, seq=seq)
            shown = await map_.expect(uid="sightline.AB4-000123")
            point, detail = shown.find("point"), shown.find("detail")
            assert float(point.get("lat")) == pytest.approx(fix["lat"], abs=1e-7)
            assert float(point.get("lon")) == pytest.approx(0.5223, abs=1e-7)
            assert (point.get("ce"), point.get("hae"), point.get("le")) == (
                "4.8",
                "31.0",
                "9999999.0",
            )
            assert moment(shown.get("time")) == moment(fix["time"]) == moment(shown.get("start"))
            assert moment(shown.get("stale")) - moment(shown.get("time")) == timedelta(seconds=120)
            assert (shown.get("type"), shown.get("how")) == ("a-f-G-U-C", "m-g")
            assert detail.find("track").attrib == {"course": "212.0", "speed": "1.4"}
            assert detail.find("contact").get("callsign") == "AB4-000123"
            assert detail.find("status").get("battery") == "71.0"
            assert detail.find("remarks").text == "The camera is recording."
            assert detail.find("__group").get("role") == "Team Member"


async def test_at_the_beginning_all_are_shown_and_the_old_with_their_true_times(gateway, force):
    for number in range(300):
        await force.camera(f"C{number}")
    await force.owner.execute(
        "update live set fix_time = '2026-01-01Z', recording = 1, accuracy_m = null"
        " where camera_id = (select id from camera where ref = 'C7')"
    )
    async with tak(gateway, auth(await machine(force))) as map_:
        old = await map_.expect(uid="sightline.C7")
        assert moment(old.get("time")) == datetime(2026, 1, 1, tzinfo=UTC)
        assert moment(old.get("stale")) == datetime(2026, 1, 1, 0, 4, tzinfo=UTC)  # off: 4 × 60 s
        assert old.find("point").get("ce") == "9999999.0"
        assert old.find("detail/track") is None

        async def all_are_there():
            return len(map_.heard) >= 299

        await until(all_are_there)
        assert len({one.get("uid") for one in map_.heard}) == len(map_.heard) == 299


async def test_the_call_sign_of_the_duty_is_shown_and_what_xml_cannot_say_does_not_break_it(
    gateway, force
):
    camera_id = await force.camera("C1")
    officer = await force.owner.fetchval(
        "insert into officer (shoulder_number, name) values ('1234', 'x') returning id"
    )
    await force.owner.execute(
        "insert into duty (officer_id, camera_id, call_sign, during)"
        " values ($1, $2, 'MK<\"1\">&' || chr(7), tstzrange(now() - interval '1 hour', now() + interval '1 hour'))",
        officer, camera_id,
    )  # fmt: skip
    async with tak(gateway, auth(await machine(force))) as map_:
        shown = await map_.expect()
        assert shown.find("detail/contact").get("callsign") == 'MK<"1">&\ufffd'


async def test_no_camera_more_than_once_a_second(gateway, force):
    token = (await add_camera(force.owner, "C1")).token
    async with tak(gateway, auth(await machine(force))) as map_, camera(gateway, token) as cam:
        times = []
        deadline = asyncio.get_running_loop().time() + 4.5
        seq = 0
        while (now := asyncio.get_running_loop().time()) < deadline:
            seq += 1
            await cam.report(fix_now(lat=51 + seq / 1e6), seq=seq)
            if map_.heard:
                times += [now] * len(map_.heard)
                map_.heard.clear()
    assert seq > 20
    assert 3 <= len(times) <= 6
    assert min(b - a for a, b in pairwise(times)) > 0.9


async def test_what_is_not_in_use_is_taken_off_the_map(gateway, force):
    camera_id = await force.camera("C1")
    async with tak(gateway, auth(await machine(force))) as map_:
        await map_.expect(uid="sightline.C1")
        await force.owner.execute(
            "update camera set disabled_time = now() where id = $1", camera_id
        )
        assert (await map_.expect("t-x-d-d")).find("detail/link").get("uid") == "sightline.C1"


# --- who is not shown


@pytest.mark.parametrize("kind", ["restricted", "exercise"])
async def test_people_of_a_hidden_incident_are_never_shown(gateway, force, kind):
    hidden = await force.camera("HIDDEN")
    await force.camera("OTHER")
    await force.at_incident(hidden, await force.incident(**{kind: True}))
    async with tak(gateway, auth(await machine(force))) as map_:
        await map_.expect(uid="sightline.OTHER")
        await asyncio.sleep(1.5)
        assert map_.heard == []


async def test_not_even_to_whom_the_incident_names(gateway, force):
    hidden, incident = await force.camera("HIDDEN"), await force.incident(restricted=True)
    await force.camera("OTHER")
    await force.at_incident(hidden, incident)
    token = await machine(force)
    await force.owner.execute(
        "insert into incident_person (incident_id, user_id, capacity)"
        " select $1, id, 'named' from app_user where username = 'fim'",
        incident,
    )
    async with tak(gateway, auth(token)) as map_:
        await map_.expect(uid="sightline.OTHER")
        await asyncio.sleep(1.5)
        assert map_.heard == []


async def test_who_is_hidden_is_taken_off_the_map_at_once_and_comes_back_after(gateway, force):
    token = (await add_camera(force.owner, "C1")).token
    async with tak(gateway, auth(await machine(force))) as map_, camera(gateway, token) as cam:
        await cam.report(fix_now())
        await map_.expect(uid="sightline.C1")
        camera_id = await force.owner.fetchval("select id from camera where ref = 'C1'")
        incident = await force.incident(restricted=True)
        began = asyncio.get_running_loop().time()
        await force.at_incident(camera_id, incident)
        await force.owner.execute("select announce('incident', '{}')")
        gone = await map_.expect("t-x-d-d")
        assert asyncio.get_running_loop().time() - began < 1
        assert gone.find("detail/link").get("uid") == "sightline.C1"
        for seq in (2, 3, 4):
            await cam.report(fix_now(lat=51.2724 + seq / 1e5), seq=seq)
            await asyncio.sleep(0.4)
        assert map_.heard == []
        await force.owner.execute("update incident set closed_time = now() where id = $1", incident)
        await map_.expect(uid="sightline.C1")


async def test_nothing_is_shown_that_the_database_has_not_confirmed(gateway, force, monkeypatch):
    await force.camera("C1")
    monkeypatch.setattr(audience, "TRUE_FOR_S", -1.0)
    async with tak(gateway, auth(await machine(force))) as map_:
        await asyncio.sleep(1.5)
        assert map_.heard == []
        assert map_.is_open


# --- to whom


@pytest.mark.parametrize(
    ("role", "why"),
    [
        ("planner", "role does not see"),
        ("supervisor", "role does not see"),
        ("negco", "not on call"),
    ],
)
async def test_who_does_not_see_all_officers_is_refused_and_that_is_audited(
    gateway, force, role, why
):
    await force.camera()
    async with tak(gateway, auth(await machine(force, role))) as map_:
        await map_.closed()
        assert map_.heard == []
    (row,) = await audited(force, "cot.refuse")
    assert (row["operation"], row["outcome"], row["recipient"]) == ("disclosure", "refused", role)
    assert why in row["reason"]


async def test_the_cookie_of_a_browser_is_no_token(gateway, force):
    person = await force.user("fim")
    async with tak(gateway, auth(person.token)) as map_:
        await map_.closed()


async def test_switched_off_means_off(database, force):
    await force.camera()
    running = await RunningGateway(database, gateway_cot_port=free_port()).start()
    try:
        async with tak(running, auth(await machine(force))) as map_:
            await map_.closed()
            assert map_.heard == []
    finally:
        await running.stop()


async def test_without_a_token_nothing_is_shown_outside_a_demonstration(database, force):
    await force.camera()
    running = await started(database, demo=True)  # the database is none of a demonstration's
    try:
        async with tak(running, event()) as map_:
            await map_.closed()
            assert map_.heard == []
    finally:
        await running.stop()


async def test_a_camera_s_token_shows_nothing(gateway, force):
    await force.camera("C1")
    token = (await add_camera(force.owner, "C2")).token
    async with tak(gateway, auth(token), event()) as phone:
        await asyncio.sleep(1.5)
        assert phone.heard == []


@pytest.mark.parametrize(
    "change",
    ["update session set ended_time = now(), end_reason = 'x' where kind = 'machine'",
     "update app_user set disabled_time = now()",
     "update app_user set role = 'planner'"],
)  # fmt: skip
async def test_who_may_not_be_shown_any_more_is_cut_off(gateway, force, change):
    await force.camera()
    async with tak(gateway, auth(await machine(force))) as map_:
        await map_.expect()
        await force.owner.execute(change)
        await map_.closed(6)


@pytest.mark.parametrize("first", [b"", event(), event(kind="t-x-c-t")])
async def test_in_a_demonstration_nobody_on_this_machine_needs_a_token(demo, force, first):
    await force.camera("C1")
    async with tak(demo, first) as map_:
        await map_.expect(uid="sightline.C1")
    assert await force.owner.fetchval("select count(*) from fix") == 0


async def test_in_a_demonstration_too_a_token_reports(demo, force):
    token = (await add_camera(force.owner, "C1")).token
    async with tak(demo, auth(token), event()) as phone:
        await phone.expect(uid="sightline.C1")


async def test_who_has_nothing_more_to_say_is_shown_the_officers_all_the_same(demo, force):
    token = (await add_camera(force.owner, "C1")).token
    async with tak(demo, event()) as map_, camera(demo, token) as cam:
        map_.writer.write_eof()
        await asyncio.sleep(1.2)
        for seq in (1, 2):
            await cam.report(fix_now(lat=51.2724 + seq / 1e5), seq=seq)
            await map_.expect(uid="sightline.C1")
    await audited(force, "cot.end")


# --- the audit


async def test_every_disclosure_is_audited_from_begin_to_end(gateway, force):
    for number in range(3):
        await force.camera(f"C{number}")
    async with tak(gateway, auth(await machine(force))) as map_:
        (begin,) = await audited(force, "cot.begin")
        await map_.expect(uid="sightline.C2")
    (end,) = await audited(force, "cot.end")
    for row in (begin, end):
        assert (row["actor"], row["operation"], row["outcome"]) == ("system:gateway", "disclosure", "allowed")  # fmt: skip
        assert (row["recipient"], row["address"]) == ("fim", "127.0.0.1")
        assert json.loads(row["detail"])["by"] == "token"
    assert end["reason"] == "it hung up"
    detail = json.loads(end["detail"])
    assert (detail["cameras"], detail["events"]) == (3, 3)


async def test_a_gateway_that_ends_audits_what_ends_with_it(gateway, force):
    await force.camera()
    async with tak(gateway, auth(await machine(force))) as map_:
        await map_.expect()
        await gateway.stop()
        await map_.closed()
    (end,) = await audited(force, "cot.end")
    assert end["reason"] == "the gateway is ending"


async def test_what_cannot_be_audited_is_not_shown(gateway, force, database):
    await force.camera()
    token = await machine(force)
    await (await database.superuser()).execute(
        "revoke execute on function sightline.cot_disclosure(text, text, text, text, jsonb) from sightline_gateway"
    )
    async with tak(gateway, auth(token)) as map_:
        await map_.closed()
        assert map_.heard == []


async def test_figures_say_who_looks(gateway, force):
    await force.camera()
    async with tak(gateway, auth(await machine(force)), b"<song/>") as map_:
        await map_.expect()
        async with (
            aiohttp.ClientSession() as client_,
            client_.get(f"{gateway.http}/metrics") as said,
        ):
            figures = await said.text()
    for line in (
        "viewers 1.0",
        "connections 1.0",
        "events_sent_total 1.0",
        "events_ignored_total 1.0",
    ):
        assert f"\nsightline_cot_{line}\n" in figures, line


async def test_what_was_hidden_while_the_database_was_away_is_taken_off_the_map(own_cluster):
    settings = DatabaseSettings(data_dir=own_cluster.data_dir)
    running = await started(Place(own_cluster.data_dir))
    try:
        owner, pool = await connect(settings, "owner"), await open_pool(settings, "dashboard")
        force = Force(None, owner, pool)
        await force.camera("C1")
        hidden, incident = await force.camera("C2"), await force.incident()
        await force.at_incident(hidden, incident)
        async with tak(running, auth(await machine(force))) as map_:
            await map_.expect(uid="sightline.C2")
            await asyncio.to_thread(own_cluster.stop, mode="immediate")
            await asyncio.to_thread(own_cluster.start)
            owner = await connect(settings, "owner")
            await owner.execute("update incident set restricted = true")
            gone = await map_.expect("t-x-d-d", within_s=20)
            assert gone.find("detail/link").get("uid") == "sightline.C2"
            assert map_.is_open
            await owner.close()
        pool.terminate()
    finally:
        await running.stop()


# --- who does not read


async def test_who_does_not_read_gets_the_newest_later_or_is_dropped(
    gateway, force, monkeypatch, database
):
    monkeypatch.setattr(audience, "MUST_READ_WITHIN_S", 2.0)
    await force.owner.execute(
        "insert into camera (ref) select 'C' || n from generate_series(1, 20000) n"
    )
    await force.owner.execute(
        "insert into live (camera_id, gateway_id, batch, seen_time, fix_time, fix_received_time, lat, lon)"
        " select id, 1, 1, now(), now(), now(), 57, 2 from camera"
    )
    token = await machine(force)
    async with tak(gateway, auth(token)) as good:
        _reader, writer = await asyncio.open_connection(
            "127.0.0.1", gateway.settings.gateway_cot_port, limit=1024
        )
        writer.write(auth(token))
        rows = await audited(force, "cot.end")
        assert rows[0]["reason"] == "it has not read what it was sent for 2 s"
        writer.close()

        async def all_are_there():
            return len(good.heard) == 20000

        await until(all_are_there, within_s=20)
        assert good.is_open


# --- TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, the gateway's certificate, and certificates of clients by their common name."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("certificates")

    def make(name, issuer=None, *, authority=False):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
            .issuer_name(issuer[0].subject if issuer else subject)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )  # fmt: skip
        made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )  # fmt: skip
        return made, key

    ours, strangers = make("authority", authority=True), make("strangers", authority=True)
    make("gateway", ours)
    make("fim", ours)
    make("nobody", ours)
    make("impostor", strangers)
    return folder


@pytest.fixture
async def sealed(database, certificates):
    """A gateway that speaks TLS and takes client certificates."""
    running = await started(
        database,
        gateway_cot_certificate=certificates / "gateway.pem",
        gateway_cot_key=certificates / "gateway.key",
        gateway_cot_client_ca=certificates / "authority.pem",
    )
    yield running
    await running.stop()


def client(certificates, name=None):
    context = ssl.create_default_context(cafile=certificates / "authority.pem")
    context.check_hostname = False
    if name is not None:
        context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


async def test_a_certificate_that_names_an_account_is_shown_the_officers(
    sealed, force, certificates
):
    await force.user("fim")
    await force.camera("C1")
    async with tak(sealed, ssl=client(certificates, "fim")) as map_:
        await map_.expect(uid="sightline.C1")
    (end,) = await audited(force, "cot.end")
    assert (end["recipient"], json.loads(end["detail"])["by"]) == ("fim", "certificate")


async def test_with_a_certificate_and_a_token_a_phone_reports_and_is_shown_the_others(
    sealed, force, certificates
):
    await force.user("fim")
    await force.camera("C1")
    await force.owner.execute("update live set gateway_id = 0")  # by another gateway than this
    token = (await add_camera(force.owner, "C2")).token
    async with tak(sealed, auth(token), event(), ssl=client(certificates, "fim")) as phone:
        await phone.expect(uid="sightline.C1")
        await phone.expect(uid="sightline.C2")


@pytest.mark.parametrize("name", ["nobody", None])
async def test_a_certificate_of_no_account_shows_nothing_without_a_token(
    sealed, force, certificates, name
):
    await force.camera("C1")
    async with tak(sealed, event(), ssl=client(certificates, name)) as map_:
        await map_.closed()
        assert map_.heard == []
    async with tak(sealed, auth(await machine(force)), ssl=client(certificates, name)) as map_:
        await map_.expect(uid="sightline.C1")


async def test_a_certificate_of_another_authority_does_not_come_in(sealed, force, certificates):
    await force.user("fim", "impostor")
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        async with tak(sealed, ssl=client(certificates, "impostor")) as map_:
            await map_.expect(within_s=3)


async def test_with_a_certificate_the_port_speaks_only_tls(sealed, force):
    await force.camera("C1")
    async with tak(sealed, auth(await machine(force))) as map_:
        await map_.closed()
        assert map_.heard == []


def test_a_certificate_that_cannot_be_used_is_said(tmp_path, certificates):
    def problem(**files):
        settings = GatewaySettings(
            data_dir=tmp_path, **{f"gateway_cot_{name}": file for name, file in files.items()}
        )
        with pytest.raises(CotTlsError) as raised:
            server_context(settings)
        return str(raised.value)

    good = {"certificate": certificates / "gateway.pem", "key": certificates / "gateway.key"}
    assert "No such file" in problem(**{**good, "certificate": tmp_path / "none"})
    assert "cannot be used as the certificate with its key" in problem(
        **{**good, "key": certificates / "fim.key"}
    )
    (tmp_path / "text").write_text("text")
    assert "cannot be used as the authority" in problem(**good, client_ca=tmp_path / "text")
    assert "SIGHTLINE_GATEWAY_COT_CERTIFICATE is not set" in problem(key=good["key"])
