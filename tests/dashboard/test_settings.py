"""Settings: where they come from, in which order, and what a wrong one says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sightline.dashboard.settings import (
    Settings,
    SettingsError,
    load_settings,
    masked,
    misspelt_variables,
    variable,
)
from sightline.sql.settings import split_password


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.delenv("SIGHTLINE_SETTINGS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGHTLINE_DATA_DIR", str(tmp_path / "data"))


def test_defaults_are_the_ports_of_the_contract() -> None:
    settings = load_settings()
    assert (settings.host, settings.dashboard_port) == ("127.0.0.1", 8050)
    assert (settings.gateway_port, settings.gateway_http_port) == (8765, 8766)
    assert (settings.media_port, settings.media_internal_port) == (8189, 8190)


def test_command_line_goes_before_environment_before_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("sightline.toml").write_text("gateway_port = 1\ndashboard_port = 1\nmedia_port = 1\n")
    monkeypatch.setenv("SIGHTLINE_DASHBOARD_PORT", "2")
    monkeypatch.setenv("SIGHTLINE_GATEWAY_PORT", "2")
    settings = load_settings(gateway_port=3)
    assert (settings.gateway_port, settings.dashboard_port, settings.media_port) == (3, 2, 1)


def test_an_option_that_was_not_given_is_no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_GATEWAY_PORT", "2")
    assert load_settings(gateway_port=None).gateway_port == 2


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", "")
    assert load_settings().database_url is None


def test_the_named_file_goes_before_the_one_here_before_the_data_directorys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sightline.toml").write_text("gateway_port = 1\n")
    assert load_settings().gateway_port == 1
    assert load_settings(data_dir=tmp_path / "elsewhere").gateway_port == 8765
    Path("sightline.toml").write_text("gateway_port = 2\n")
    assert load_settings().gateway_port == 2
    (tmp_path / "named.toml").write_text("gateway_port = 3\n")
    monkeypatch.setenv("SIGHTLINE_SETTINGS", "named.toml")
    assert load_settings().gateway_port == 3


def test_a_relative_data_directory_is_made_absolute(tmp_path: Path) -> None:
    assert load_settings(data_dir=Path("here")).data_dir == tmp_path / "here"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("GATEWAY_PORT", "abc", ("SIGHTLINE_GATEWAY_PORT is 'abc', but it must be a whole number"
         " from 0 to 65535.")),
        ("GATEWAY_PORT", "70000", ("SIGHTLINE_GATEWAY_PORT is '70000', but it must be a whole number"
         " from 0 to 65535.")),
        ("LOG_LEVEL", "loud", ("SIGHTLINE_LOG_LEVEL is 'loud', but it must be one of debug, info,"
         " warning, error.")),
        ("FLEET_GATEWAY_URL", "http://x", ("SIGHTLINE_FLEET_GATEWAY_URL is 'http://x', but it must be"
         " a URL that begins with ws:// or wss:// and has a host, perhaps a port and a path, and nothing else.")),
        ("DEMO", "perhaps", "SIGHTLINE_DEMO is 'perhaps', but it must be true or false."),
        ("TRUSTED_PROXIES", "10.0.0.2, proxy.example", ("SIGHTLINE_TRUSTED_PROXIES is '10.0.0.2, proxy.example',"
         " but it must be IP addresses or networks with commas between, like 10.0.0.2, 10.1.0.0/24.")),
        ("TRUSTED_PROXIES", "0.0.0.0/0", ("SIGHTLINE_TRUSTED_PROXIES is '0.0.0.0/0', but it must be IP addresses or"
         " networks with commas between, like 10.0.0.2, 10.1.0.0/24, and not everybody.")),
        ("TRUSTED_PROXIES", "10.0.0.2/24", ("SIGHTLINE_TRUSTED_PROXIES is '10.0.0.2/24', but it must be IP addresses"
         " or networks with commas between, like 10.0.0.2, 10.1.0.0/24.")),
        ("GATEWAY_COT_CERTIFICATE", "c.pem", ("SIGHTLINE_GATEWAY_COT_CERTIFICATE is 'c.pem', but it needs"
         " SIGHTLINE_GATEWAY_COT_KEY too.")),
        ("GATEWAY_COT_CLIENT_CA", "ca.pem", ("SIGHTLINE_GATEWAY_COT_CLIENT_CA is 'ca.pem', but it needs"
         " SIGHTLINE_GATEWAY_COT_CERTIFICATE too.")),
        ("DATABASE_STATEMENT_TIMEOUT_S", "0", ("SIGHTLINE_DATABASE_STATEMENT_TIMEOUT_S is '0', but"
         " it must be a number above 0 to 3600.")),
    ],
)  # fmt: skip
def test_a_wrong_variable_says_which_what_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"SIGHTLINE_{name}", value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value) == sentence


def test_officers_are_not_shown_over_a_network_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match="needs SIGHTLINE_GATEWAY_COT_CERTIFICATE where SIGHTLINE_HOST is"
    ):
        load_settings(host="0.0.0.0", gateway_cot_out=True)
    for fine in (
        {"gateway_cot_out": True},
        {"host": "::1", "gateway_cot_out": True},
        {"host": "0.0.0.0"},
    ):
        assert load_settings(**fine).shows_cot is fine.get("gateway_cot_out", False)
    files = {"gateway_cot_certificate": tmp_path / "c", "gateway_cot_key": tmp_path / "k"}
    assert load_settings(host="0.0.0.0", gateway_cot_out=True, **files).shows_cot


def test_officers_are_shown_in_a_demo_unless_it_says_otherwise() -> None:
    assert load_settings(demo=True).shows_cot
    assert not load_settings(demo=True, gateway_cot_out=False).shows_cot
    assert not load_settings().shows_cot


@pytest.mark.parametrize(
    "url",
    ["cameras.example", "http://", "http:///path", "http://a b", "http://a\nb", "http://a:99999", "http://a:0",
     "http://a:x", "https://me:pass@a", "https://a?b=c", "https://a#b", "http://[::1", "ws://a"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["gateway_public_url", "dashboard_public_url"])
def test_a_base_url_has_a_host_and_nothing_after_the_path(name: str, url: str) -> None:
    allowed = "URL that begins with http:// or https:// and has a host, perhaps a port and a path"
    with pytest.raises(SettingsError, match=allowed):
        load_settings(**{name: url})


@pytest.mark.parametrize("url", ["http://a", "https://a.example:8443/cameras", "http://[::1]:80"])
def test_a_base_url_keeps_its_port_and_path(url: str) -> None:
    assert load_settings(gateway_public_url=f"{url}/").gateway_public_url == url


@pytest.mark.parametrize(
    "address", ["cameras.example", "0.0.0.0", "::", "192.0.2.7:8189", "192.0.2.0/24", " "]
)
def test_video_is_sent_to_an_ip_address_and_not_to_all_of_them(address: str) -> None:
    with pytest.raises(SettingsError, match=r"must be an IP address .*, like 192\.0\.2\.7"):
        load_settings(media_address=address)


@pytest.mark.parametrize("name", ["internal_secret", "metrics_token"])
@pytest.mark.parametrize("character", ["é", " ", "\n"])
def test_what_travels_as_a_bearer_token_can_be_written_in_a_header(
    name: str, character: str
) -> None:
    with pytest.raises(SettingsError, match="must be of ASCII characters that can be seen"):
        load_settings(**{name: "x" * 40 + character})


@pytest.mark.parametrize("name", [" ", "a\nb", "gateway "])
def test_a_gateways_name_is_a_word_that_can_be_read(name: str) -> None:
    with pytest.raises(SettingsError, match="must be text on one line"):
        load_settings(gateway_name=name)


def test_the_home_of_nobody_is_no_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_DATA_DIR", "~nobody-at-all/data")
    with pytest.raises(
        SettingsError, match="^SIGHTLINE_DATA_DIR is '~nobody-at-all/data', but it must name"
    ):
        load_settings()


def test_without_a_home_the_data_directory_must_be_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SIGHTLINE_DATA_DIR")
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    monkeypatch.setenv("XDG_DATA_HOME", "~nobody-at-all")
    with pytest.raises(
        SettingsError, match=r"^SIGHTLINE_DATA_DIR is not set, and this user has no home"
    ):
        load_settings()
    assert load_settings(data_dir=tmp_path).data_dir == tmp_path


def test_a_wrong_option_and_a_wrong_line_say_where_they_were_given() -> None:
    with pytest.raises(SettingsError, match=r"^dashboard_port \(command line\) is -1, but"):
        load_settings(dashboard_port=-1)
    Path("sightline.toml").write_text("dashboard_port = -1\n")
    with pytest.raises(SettingsError, match=r"^dashboard_port \(in sightline.toml\) is -1, but"):
        load_settings()


def test_an_unknown_line_in_the_file_suggests_the_near_one() -> None:
    Path("sightline.toml").write_text("gatway_port = 1\n")
    with pytest.raises(SettingsError, match="perhaps gateway_port was meant"):
        load_settings()


def test_a_file_that_is_no_toml_or_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("sightline.toml").write_text("gateway_port =\n")
    with pytest.raises(SettingsError, match="sightline.toml is not valid TOML"):
        load_settings()
    monkeypatch.setenv("SIGHTLINE_SETTINGS", "nowhere.toml")
    with pytest.raises(SettingsError, match=r"SIGHTLINE_SETTINGS is 'nowhere.toml'"):
        load_settings()


def test_a_directory_is_no_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIGHTLINE_SETTINGS", str(tmp_path))
    with pytest.raises(SettingsError, match="must name a file that exists"):
        load_settings()


def test_a_wrong_line_says_in_which_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_SETTINGS", "s.toml")
    Path("s.toml").write_text("gateway_port = 'x'\n")
    with pytest.raises(SettingsError, match=r"^gateway_port \(in s\.toml\) is 'x', but"):
        load_settings()
    Path("s.toml").write_text("gatway_port = 1\n")
    with pytest.raises(SettingsError, match=r"\(in s\.toml\)\.$"):
        load_settings()
    Path("s.toml").write_bytes(b"host = '\xe4'\n")
    with pytest.raises(SettingsError, match=r"^s\.toml is not text in UTF-8"):
        load_settings()


def test_settings_that_nobody_can_see_are_not_taken_for_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def closed(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", closed)
    with pytest.raises(SettingsError, match="cannot be read .Permission denied.: run this from"):
        load_settings(data_dir=tmp_path)


def test_a_present_directory_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", sys.executable, "-m", "sightline.dashboard.cli",
         "settings", "--data-dir", "here"],
        cwd=gone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_option_is_called_what_the_command_line_calls_it() -> None:
    with pytest.raises(SettingsError, match=r"^--cameras is 0, but"):
        load_settings({"fleet_cameras": "--cameras"}, fleet_cameras=0)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@host:abc/db", "postgresql://me@host:70000/db", "postgresql://[me/db",
        "postgresql://host",
    ],
)  # fmt: skip
def test_a_database_url_is_checked_whole(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", url)
    with pytest.raises(SettingsError, match="must be a URL like postgresql://USER"):
        load_settings()


def test_no_name_is_no_data_directory() -> None:
    Path("sightline.toml").write_text("")
    with pytest.raises(SettingsError, match="data_dir .* must name a directory"):
        load_settings(data_dir="")


@pytest.mark.parametrize(
    ("name", "secret"),
    [("INTERNAL_SECRET", "too-short-secret"), ("DATABASE_URL", "mysql://me:pass-word@host/db")],
)
def test_a_wrong_secret_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, secret: str
) -> None:
    monkeypatch.setenv(f"SIGHTLINE_{name}", secret)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert secret not in str(raised.value)
    assert "pass-word" not in str(raised.value)


def test_secrets_are_masked_when_shown() -> None:
    settings = load_settings(
        database_url="postgresql://me:pass-word@host/db", internal_secret="s" * 40
    )
    assert masked("database_url", settings.database_url) == "postgresql://me:********@host/db"
    assert "sss" not in masked("internal_secret", settings.internal_secret)
    assert masked("gateway_port", 8765) == "8765"


@pytest.mark.parametrize(
    ("url", "plain", "password", "shown"),
    [
        ("postgresql://me:p%40ss@host:5/db", "postgresql://me@host:5/db", "p@ss", "postgresql://me:********@host:5/db"),
        ("postgresql://host/db?user=me&password=p%40ss&sslmode=require", "postgresql://host/db?user=me&sslmode=require",
         "p@ss", "postgresql://:********@host/db?user=me&sslmode=require"),
        ("postgresql://me@host/db?sslrootcert=/etc/ca.pem", "postgresql://me@host/db?sslrootcert=/etc/ca.pem", None,
         "postgresql://me@host/db?sslrootcert=/etc/ca.pem"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db?host=/run/postgresql", None,
         "postgresql:///db?host=/run/postgresql"),
    ],
)  # fmt: skip
def test_the_password_of_a_url_goes_its_own_way(
    url: str, plain: str, password: str | None, shown: str
) -> None:
    assert split_password(url) == (plain, password)
    assert masked("database_url", url) == shown


def test_misspelt_variables_are_pointed_out() -> None:
    found = misspelt_variables(
        ["SIGHTLINE_GATWAY_PORT", "SIGHTLINE_GATEWAY_PORT", "SIGHTLINE_TEST_KEEP", "HOME"]
    )
    assert found == [
        (
            "SIGHTLINE_GATWAY_PORT is not a setting and is ignored;"
            " perhaps SIGHTLINE_GATEWAY_PORT was meant."
        )
    ]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().gateway_port = 1


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8766"),
        ("0.0.0.0", "http://127.0.0.1:8766"),
        ("::1", "http://[::1]:8766"),
        ("gateway.example", "http://gateway.example:8766"),
    ],
)
def test_neighbours_are_reached_at_a_real_address(host: str, base: str) -> None:
    assert load_settings(host=host).gateway_http_base == base


def test_cameras_may_reach_the_gateway_by_another_address() -> None:
    settings = load_settings(gateway_public_url="https://cameras.example/")
    assert settings.gateway_http_base == "https://cameras.example"
