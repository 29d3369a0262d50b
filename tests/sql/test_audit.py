"""The audit: sealed, verified, and any change behind its back found at the right row."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sightline.sql import audit, query
from sightline.sql.audit_chain import GENESIS, key_id, link, sign_head
from sightline.sql.audit_head import HeadFile, read_head
from sightline.sql.audit_keys import read_keys
from sightline.sql.audit_walk import content
from sightline.sql.settings import DatabaseSettings
from tests.conftest import Database


async def _append(database: Database, count: int) -> None:
    owner = await database.connect()
    for number in range(count):
        await owner.fetchval(
            "select audit_append('access', 'session.sign_in', 'user', $1, p_actor => 'fim')",
            f"u{number}",
        )


async def _seal(database: Database, kept: HeadFile | None = None) -> int:
    kept = kept or HeadFile(database.settings)
    connection = await database.connect("audit")
    return await audit.seal(connection, audit.signing_key(kept.path.parent), kept)


async def _behind_its_back(database: Database, statement: str) -> None:
    superuser = await database.superuser()
    await superuser.execute("set session_replication_role = replica")  # no trigger, no foreign key
    await superuser.execute(statement)


async def _rewrite(database: Database, private: Ed25519PrivateKey | None) -> None:
    """Chain all rows anew as they are now, as only the sealer should, and sign with a key of one's own."""
    superuser = await database.superuser()
    await superuser.execute("set session_replication_role = replica")
    rows, previous = await superuser.fetch(query("audit.walk")), GENESIS
    await superuser.execute("delete from audit_anchor; delete from audit_seal")
    for position, row in enumerate(rows, 1):
        seal = link(previous, position, content(row))
        await superuser.execute(query("audit.add_seal"), position, row["id"], previous, seal)
        previous = seal
    if private:
        public, time = private.public_key(), await superuser.fetchval(query("audit.clock"))
        await superuser.execute(query("audit.add_key"), key_id(public), public.public_bytes_raw())
        signature = sign_head(private, len(rows), previous, time)
        await superuser.execute(
            query("audit.add_anchor"), len(rows), previous, key_id(public), signature, time
        )


async def _insert(database: Database, entry: str, at: str) -> None:
    """A copy of row 2 with another reason, put in under a number and with a time of one's own."""
    await _behind_its_back(
        database,
        "insert into audit_entry (id, at, actor, operation, action, object_type, object_id, outcome, reason)"
        f" overriding system value select {entry}, {at}, actor, operation, action, object_type, object_id, outcome,"
        " 'put in' from audit_entry where id = 2",
    )


async def _unsealed_s(database: Database) -> float | None:
    owner = await database.connect()
    row = await owner.fetchrow(query("supervisor.health"))
    return None if row["unsealed_s"] is None else float(row["unsealed_s"])


def _elsewhere(database: Database, tmp_path: Path) -> DatabaseSettings:
    """Another machine that reaches the same database, with a data directory of its own."""
    data_dir = tmp_path / "elsewhere"
    data_dir.mkdir()
    (data_dir / "database.json").write_text((database.data_dir / "database.json").read_text())
    return DatabaseSettings(data_dir=data_dir)


async def test_sealed_rows_hold(database: Database) -> None:
    await _append(database, 12)
    assert await _seal(database) == 12
    await _append(database, 3)
    report = await audit.verify(database.settings)
    assert report.holds
    assert (report.rows, report.unsealed, report.anchored_position) == (12, 3, 12)


async def test_an_altered_row_is_named(database: Database) -> None:
    await _append(database, 10)
    await _seal(database)
    await _behind_its_back(database, "update audit_entry set actor = 'nobody' where id = 7")
    report = await audit.verify(database.settings)
    assert not report.holds
    assert report.bad_entry == 7
    assert report.rows == 6


async def test_every_column_is_under_the_seal(database: Database) -> None:
    superuser = await database.superuser()
    await superuser.execute("set session_replication_role = replica")
    columns = await superuser.fetch(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'sightline' and table_name = 'audit_entry' and column_name <> 'id'"
    )
    changes = {
        "timestamp with time zone": "at - interval '1 microsecond'",
        "uuid": "gen_random_uuid()",
        "bigint": "4711",
        "jsonb": """'{"x": 1}'""",
    }
    allowed = {"operation": "'erasure'", "outcome": "'refused'"}
    await _append(database, 1)
    await _seal(database)
    assert len(columns) > 12
    for column in columns:
        name = column["column_name"]
        change = allowed.get(name) or changes.get(column["data_type"], "'changed'")
        before = await superuser.fetchval(f"select {name} from audit_entry")
        await superuser.execute(f"update audit_entry set {name} = {change}")
        assert (await audit.verify(database.settings)).bad_entry == 1, name
        await superuser.execute(f"update audit_entry set {name} = $1", before)
        assert (await audit.verify(database.settings)).holds, name


async def test_a_removed_row_is_named(database: Database) -> None:
    await _append(database, 5)
    await _seal(database)
    await _behind_its_back(database, "delete from audit_entry where id = 3")
    report = await audit.verify(database.settings)
    assert (report.bad_entry, report.problem) == (3, "the row has been removed")


async def test_a_chain_cut_short_shows_against_its_signed_head(database: Database) -> None:
    await _append(database, 5)
    await _seal(database)
    await _behind_its_back(
        database,
        "delete from audit_seal where position > 3; delete from audit_entry where id > 3",
    )
    report = await audit.verify(database.settings)
    assert not report.holds
    assert report.bad_position == 4


class TestKeys:
    """Only keys from outside the database are trusted."""

    async def test_a_chain_rewritten_with_a_strangers_key_fails_and_names_the_key(
        self, database: Database
    ) -> None:
        await _append(database, 9)
        await _seal(database)
        await _behind_its_back(database, "update audit_entry set reason = 'forged' where id = 7")
        stranger = Ed25519PrivateKey.generate()
        await _rewrite(database, stranger)
        report = await audit.verify(database.settings)
        assert "does not go through the head kept in" in str(report.problem)
        for _ in ("with the head that is kept", "by the key alone"):
            report = await audit.verify(database.settings)
            assert (report.holds, report.rows) == (False, 0)
            assert key_id(stranger.public_key()) in str(report.problem)
            assert "not known here" in str(report.problem)
            HeadFile(database.settings).path.unlink(missing_ok=True)

    async def test_a_strangers_signature_under_the_name_of_our_key_fails(
        self, database: Database
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        await _behind_its_back(database, "update audit_anchor set signature = sha512('x')")
        assert "not signed by the key" in str((await audit.verify(database.settings)).problem)

    async def test_heads_of_a_key_that_was_replaced_hold_by_the_list(
        self, database: Database
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        (database.data_dir / "audit-signing-key.pem").unlink()
        await _append(database, 2)
        assert await _seal(database) == 2
        keys = json.loads((database.data_dir / "audit-public-keys.json").read_text())["keys"]
        assert len(keys) == 2
        assert (await audit.verify(database.settings)).holds
        (database.data_dir / "audit-public-keys.json").unlink()
        report = await audit.verify(database.settings)
        assert keys[0]["key"] in str(report.problem)

    async def test_without_any_key_it_says_that_signatures_were_not_checked(
        self, database: Database, tmp_path: Path
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        elsewhere = _elsewhere(database, tmp_path)
        report = await audit.verify(elsewhere)
        assert report.holds
        assert not report.signatures_checked
        assert "not checked" in report.remarks[0]
        assert "--key" in report.remarks[0]
        assert "--head" in report.remarks[1]
        keys = read_keys(database.data_dir / "audit-public-keys.json")
        kept = HeadFile(database.settings)
        report = await audit.verify(elsewhere, keys, [("a head", read_head(kept.path))])
        assert (report.holds, report.signatures_checked, report.remarks) == (True, True, ())
        stranger = [Ed25519PrivateKey.generate().public_key()]
        assert "not known here" in str((await audit.verify(elsewhere, stranger)).problem)

    async def test_verifying_makes_no_key(self, database: Database, tmp_path: Path) -> None:
        elsewhere = _elsewhere(database, tmp_path)
        await audit.verify(elsewhere)
        assert [file.name for file in elsewhere.data_dir.iterdir()] == ["database.json"]

    async def test_heads_signed_before_the_time_was_signed_too_still_hold(
        self, database: Database
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        private = audit.signing_key(database.data_dir)
        superuser = await database.superuser()
        await superuser.execute("set session_replication_role = replica")
        end = await superuser.fetchrow(query("audit.end"))
        old = sign_head(private, end["position"], end["hash"], None)
        await superuser.execute("update audit_anchor set signature = $1", old)
        assert (await audit.verify(database.settings)).holds

    async def test_the_time_of_a_head_is_signed(self, database: Database) -> None:
        await _append(database, 3)
        await _seal(database)
        await _behind_its_back(
            database, "update audit_anchor set signed_time = now() - interval '1 day'"
        )
        assert not (await audit.verify(database.settings)).holds


class TestInsertedRows:
    """Rows that did not come the way rows come."""

    async def test_a_row_with_a_number_far_ahead_is_sealed_and_named_and_sealing_goes_on(
        self, database: Database
    ) -> None:
        await _append(database, 5)
        await _seal(database)
        await _insert(database, "500000", "at")
        assert await _seal(database) == 1
        await _append(database, 3)
        assert await _seal(database) == 3
        report = await audit.verify(database.settings)
        assert (report.bad_entry, report.bad_position, report.rows) == (500_000, 6, 5)
        assert "beyond" in str(report.problem)
        assert report.unsealed == 0

    async def test_a_row_with_an_old_time_is_named(self, database: Database) -> None:
        await _append(database, 5)
        await _seal(database)
        await _insert(database, "nextval('audit_entry_id_seq')", "at - interval '1 hour'")
        await _append(database, 2)
        assert await _seal(database) == 3
        report = await audit.verify(database.settings)
        assert (report.bad_entry, report.rows) == (6, 5)
        assert "250 s" in str(report.problem)  # ten times 15 s and 10 s

    async def test_a_row_with_a_time_to_come_is_named_and_not_the_next(
        self, database: Database
    ) -> None:
        await _append(database, 2)
        await _insert(database, "nextval('audit_entry_id_seq')", "at + interval '1 hour'")
        await _append(database, 2)
        await _seal(database)
        assert (await audit.verify(database.settings)).bad_entry == 3

    async def test_an_inserted_row_hides_no_altered_one(self, database: Database) -> None:
        await _append(database, 5)
        await _insert(database, "nextval('audit_entry_id_seq')", "at - interval '1 hour'")
        await _append(database, 5)
        await _seal(database)
        assert (await audit.verify(database.settings)).bad_entry == 6
        await _behind_its_back(database, "update audit_entry set actor = 'x' where id = 9")
        assert (await audit.verify(database.settings)).bad_entry == 9

    async def test_a_transaction_that_took_its_time_is_nothing_odd(
        self, database: Database
    ) -> None:
        await _append(database, 5)
        await _seal(database)
        await _insert(database, "nextval('audit_entry_id_seq')", "at - interval '4 minutes'")
        await _seal(database)
        assert (await audit.verify(database.settings)).holds

    async def test_a_clock_that_was_put_back_is_nothing_odd(self, database: Database) -> None:
        private = audit.signing_key(database.data_dir)
        await _append(database, 2)
        await _behind_its_back(database, "update audit_entry set at = at + interval '2 hours'")
        await _seal(database)
        superuser = await database.superuser()
        await superuser.execute("set session_replication_role = replica")
        end = await superuser.fetchrow(
            "select position, hash, clock_timestamp() + interval '2 hours' as time from audit_seal"
            " order by position desc limit 1"
        )
        await superuser.execute(
            "update audit_anchor set signed_time = $1, signature = $2 where position = $3",
            end["time"], sign_head(private, end["position"], end["hash"], end["time"]), end["position"],
        )  # fmt: skip
        await _append(database, 2)
        await _seal(database)
        assert (await audit.verify(database.settings)).holds

    async def test_what_is_appended_below_others_and_committed_later_is_sealed(
        self, database: Database
    ) -> None:
        """However far the others have come meanwhile, and however often they were sealed."""
        slow = await database.connect()
        transaction = slow.transaction()
        await transaction.start()
        await slow.fetchval(
            "select audit_append('access', 'slow', 'user', 'late', p_actor => 'fim')"
        )
        for _ in range(4):
            await _append(database, 3)
            assert await _seal(database) == 3
        assert (await audit.verify(database.settings)).holds
        await transaction.commit()
        assert await _seal(database) == 1
        report = await audit.verify(database.settings)
        assert (report.holds, report.rows, report.unsealed) == (True, 13, 0)

    async def test_the_sealer_looks_only_at_what_is_not_settled(self, database: Database) -> None:
        async def settled() -> int:
            found: int = await (await database.connect()).fetchval(
                "select settled_id from audit_settled"
            )
            return found

        await _append(database, 40)
        for _ in range(2):
            await _seal(database)
        assert await settled() == 40
        slow = await database.connect()
        transaction = slow.transaction()
        await transaction.start()
        await slow.fetchval(
            "select audit_append('access', 'slow', 'user', 'late', p_actor => 'fim')"
        )
        await _append(database, 10)
        for _ in range(3):
            await _seal(database)
        assert await settled() == 40
        await transaction.rollback()
        for _ in range(2):
            await _seal(database)
        assert await settled() == 51

    async def test_the_very_first_row_is_sealed_however_long_there_was_none(
        self, database: Database
    ) -> None:
        for _ in range(3):
            assert await _seal(database) == 0
        await _append(database, 1)
        assert await _seal(database) == 1

    async def test_a_row_put_in_where_nothing_can_come_any_more_is_not_vouched_for(
        self, database: Database
    ) -> None:
        owner = await database.connect()
        await _append(database, 3)
        await owner.fetchval("select nextval('audit_entry_id_seq')")  # as one that was rolled back
        await _append(database, 3)
        for _ in range(2):
            await _seal(database)
        await _insert(database, "4", "at - interval '2 minutes'")
        assert await _seal(database) == 0
        report = await audit.verify(database.settings)
        assert report.bad_entry == 4
        assert "no seal covers it" in str(report.problem)

    async def test_rows_that_wait_longer_than_a_minute_are_a_finding_of_verify_and_status(
        self, database: Database
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        await _append(database, 2)
        assert (await audit.verify(database.settings)).holds
        assert 0 <= (await _unsealed_s(database) or -1) < 60
        await _behind_its_back(
            database, "update audit_entry set at = at - interval '2 minutes' where id = 5"
        )
        report = await audit.verify(database.settings)
        assert (report.bad_entry, report.rows, report.unsealed) == (5, 3, 2)
        assert "60 s" in str(report.problem)
        assert (await _unsealed_s(database) or 0) > 110
        await _seal(database)
        assert await _unsealed_s(database) is None

    async def test_status_sees_what_waits_even_if_the_note_of_what_is_settled_is_wrong(
        self, database: Database
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        await _behind_its_back(database, "update audit_settled set settled_id = 1000000")
        await _append(database, 1)
        assert await _seal(database) == 0
        await _behind_its_back(
            database, "update audit_entry set at = at - interval '2 minutes' where id = 4"
        )
        assert (await _unsealed_s(database) or 0) > 110


class TestHead:
    """The end of the chain, signed and kept outside the database."""

    CUT = """delete from audit_anchor where position > 3; delete from audit_seal where position > 3;
        delete from audit_entry where id > 3"""

    async def test_the_newest_head_is_kept_beside_the_key(self, database: Database) -> None:
        await _append(database, 5)
        await _seal(database)
        await _append(database, 2)
        await _seal(database)
        kept = HeadFile(database.settings).read()
        assert kept is not None
        assert kept.position == 7
        report = await audit.verify(database.settings)
        assert report.head == kept.as_json()
        assert set(kept.as_json()) == {"position", "hash", "time", "key", "signature"}

    async def test_a_tail_cut_off_with_its_seals_and_heads_is_missed(
        self, database: Database
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        await _append(database, 5)
        await _seal(database)
        await _behind_its_back(database, self.CUT)
        report = await audit.verify(database.settings)
        assert (report.rows, report.bad_position, report.bad_entry) == (3, 4, None)
        assert "5 rows were cut off" in str(report.problem)

    async def test_a_head_kept_elsewhere_misses_it_too(
        self, database: Database, tmp_path: Path
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        await _append(database, 5)
        await _seal(database)
        head = read_head(HeadFile(database.settings).path)
        await _behind_its_back(database, self.CUT)
        elsewhere = _elsewhere(database, tmp_path)
        assert (await audit.verify(elsewhere)).holds  # with a remark: no head is kept there
        report = await audit.verify(elsewhere, heads=[("kept.json", head)])
        assert "kept.json" in str(report.problem)

    async def test_a_chain_whose_last_seal_has_no_head_fails(self, database: Database) -> None:
        await _append(database, 3)
        await _seal(database)
        await _append(database, 5)
        await _seal(database)
        HeadFile(database.settings).path.unlink()
        await _behind_its_back(database, "delete from audit_anchor where position > 3")
        report = await audit.verify(database.settings)
        assert (report.bad_position, report.bad_entry) == (4, None)
        assert "no signed head" in str(report.problem)

    @pytest.mark.parametrize("rewritten", [False, True], ids=["cut", "rewritten"])
    async def test_the_sealer_does_not_sign_on_top_of_a_chain_that_is_not_its_own(
        self, database: Database, rewritten: bool
    ) -> None:
        await _append(database, 3)
        await _seal(database)
        await _append(database, 5)
        await _seal(database)
        before = HeadFile(database.settings).read()
        if rewritten:
            await _behind_its_back(database, "update audit_entry set reason = 'x' where id = 2")
            await _rewrite(database, None)
        else:
            await _behind_its_back(database, self.CUT)
        await _append(database, 9)
        kept = HeadFile(database.settings)
        assert await _seal(database, kept) == 9
        assert "not signed" in str(kept.trouble)
        assert kept.read() == before
        assert not (await audit.verify(database.settings)).holds
        assert await _unsealed_s(database) is not None
        # an operator who restored a backup on purpose moves the old head away
        kept.path.rename(kept.path.with_suffix(".before"))
        assert await _seal(database, kept) == 0
        assert kept.trouble is None
        assert (await audit.verify(database.settings)).holds
        assert await _unsealed_s(database) is None

    async def test_a_head_that_cannot_be_kept_is_said_and_sealing_goes_on(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        await _append(database, 3)
        kept = HeadFile(database.settings)
        with monkeypatch.context() as patch:
            patch.setattr("sightline.sql.audit_head.write_public", full)
            assert await _seal(database, kept) == 3
        assert "No space left on device" in str(kept.trouble)
        assert (await audit.verify(database.settings)).holds
        assert await _seal(database, kept) == 0
        assert kept.trouble is None
        assert kept.path.exists()

    async def test_a_head_file_that_holds_something_else_is_said(self, database: Database) -> None:
        await _append(database, 3)
        await _seal(database)
        kept = HeadFile(database.settings)
        kept.path.write_text("{}")
        await _append(database, 3)
        assert await _seal(database, kept) == 3
        assert "does not hold a signed head" in str(kept.trouble)
        assert "does not hold a signed head" in str((await audit.verify(database.settings)).problem)

    async def test_two_machines_that_know_each_others_keys_keep_the_same_head(
        self, database: Database, tmp_path: Path
    ) -> None:
        here, there = HeadFile(database.settings), HeadFile(_elsewhere(database, tmp_path))
        await _append(database, 3)
        await _seal(database, here)
        assert await _seal(database, there) == 0
        assert "not known here" in str(there.trouble)
        for one, other in ((here, there), (there, here)):
            keys = json.loads((one.path.parent / "audit-public-keys.json").read_text())["keys"]
            file = other.path.parent / "audit-public-keys.json"
            both = json.loads(file.read_text())["keys"] + keys
            file.write_text(json.dumps({"keys": both}))
        await _seal(database, there)
        assert there.trouble is None
        assert there.read() == here.read()
        await _append(database, 2)
        assert await _seal(database, there) == 2
        await _seal(database, here)
        assert there.read() == here.read()
        assert (await audit.verify(database.settings)).holds

    def test_databases_elsewhere_have_a_head_each(self, tmp_path: Path) -> None:
        names = {
            HeadFile(DatabaseSettings(data_dir=tmp_path, database_url=url)).path.name
            for url in (None, "postgresql://u:secret@a/one", "postgresql://u:secret@a:1/one", "postgresql://a/two")
        }  # fmt: skip
        assert len(names) == 4
        assert "audit-head.json" in names
        assert not any("secret" in name for name in names)

    async def test_verifying_while_sealing_goes_on_finds_nothing(self, database: Database) -> None:
        async def appending() -> None:
            for _ in range(25):
                await _append(database, 2)
                await _seal(database)

        going = asyncio.create_task(appending())
        while not going.done():
            report = await audit.verify(database.settings)
            assert report.holds, report.problem
        await going


class TestRemovedSeals:
    """Which row is named where a seal is gone."""

    @pytest.mark.parametrize("with_row", [False, True], ids=["seal", "seal and row"])
    async def test_the_row_after_it_is_not_blamed(self, database: Database, with_row: bool) -> None:
        await _append(database, 6)
        await _seal(database)
        statement = "delete from audit_seal where position = 4"
        await _behind_its_back(
            database, statement + ("; delete from audit_entry where id = 4" if with_row else "")
        )
        report = await audit.verify(database.settings)
        assert (report.rows, report.bad_position, report.bad_entry) == (3, 4, None)
        assert "position 4 of the chain is missing" in str(report.problem)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set actor = 'x'",
        "delete from audit_entry",
        "truncate audit_entry cascade",
    ],
)
async def test_nobody_changes_the_audit(database: Database, statement: str) -> None:
    await _append(database, 2)
    owner = await database.connect()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await owner.execute(statement)
