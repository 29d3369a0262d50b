"""Settings of the dashboard, the composition of all groups, and how they are loaded.

`load_settings` reads, in order of precedence: arguments of the command line, ``SIGHTLINE_*``
environment variables, one TOML file, defaults. Nothing else in the code reads settings.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from sightline.dashboard.map_server.settings import MapServerSettings
from sightline.ingest.settings import (
    FleetSettings,
    GatewaySettings,
    HttpUrl,
    KeeperSettings,
    MediaSettings,
    ServiceSettings,
)
from sightline.sql.settings import Port, default_data_dir, split_password

PREFIX = "SIGHTLINE_"
FILE_VARIABLE = f"{PREFIX}SETTINGS"
FILE_NAME = "sightline.toml"


class SettingsError(Exception):
    """A setting is wrong; the message is one sentence with field, value and what is allowed."""


def _proxies(text: str) -> str:
    wanted = "must be IP addresses or networks with commas between, like 10.0.0.2, 10.1.0.0/24"
    for item in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ipaddress.ip_network(item)
        except ValueError:
            raise ValueError(wanted) from None
        if network.prefixlen == 0:
            raise ValueError(f"{wanted}, and not everybody")
    return ",".join(part.strip() for part in text.split(",") if part.strip())


class DashboardSettings(ServiceSettings):
    """How people reach the dashboard."""

    dashboard_port: Port = Field(default=8050, description="Pages, API, feed and WHEP (TCP)")
    dashboard_public_url: HttpUrl | None = Field(
        default=None,
        description="Base URL by which browsers reach the dashboard;"
        " unset: http://HOST:DASHBOARD_PORT",
    )
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] | None = Field(
        default=None,
        description="Addresses and networks, with commas between, of proxies that may say for whom they ask"
        " (X-Forwarded-For, X-Forwarded-Proto); unset: none may",
    )


class Settings(
    DashboardSettings,
    MapServerSettings,
    FleetSettings,
    KeeperSettings,
    MediaSettings,
    GatewaySettings,
    BaseSettings,
):
    """All groups in one object, which can be passed wherever one group is asked for."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then the one TOML file."""
        toml = TomlConfigSettingsSource(
            settings_cls, toml_file=settings_file(_data_dir(init_settings()))
        )
        return init_settings, env_settings, toml


def _data_dir(given: Mapping[str, Any]) -> Path:
    """Where the last of the settings files may be: it cannot say itself where it is."""
    named = given.get("data_dir") or os.environ.get(variable("data_dir"))
    if not named:
        return default_data_dir()
    try:
        return Path(named).expanduser()
    except RuntimeError:  # the home of nobody: told when the setting itself is checked
        return Path(named)


def variable(name: str) -> str:
    """The environment variable of the setting `name`."""
    return PREFIX + name.upper()


def settings_file(data_dir: Path) -> Path | None:
    """The one TOML file that applies: the one named, the one here, or the data directory's.

    Raises `SettingsError` if the file named in ``SIGHTLINE_SETTINGS`` is not there, or nobody can see
    whether one of the others is.
    """
    if named := os.environ.get(FILE_VARIABLE):
        if not _is_there(Path(named)):
            raise SettingsError(
                f"{FILE_VARIABLE} is {named!r}, but it must name a file that exists."
            )
        return Path(named)
    candidates = (Path(FILE_NAME), data_dir / FILE_NAME)
    return next((file for file in candidates if _is_there(file)), None)


def _is_there(file: Path) -> bool:
    """Whether there is such a file; os.devnull, which is no regular one, is good too."""
    try:
        return file.exists() and not file.is_dir()
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> SettingsError:
    """Nobody can say what is set there, so nothing may start as if nothing were."""
    try:
        where = file.absolute()
    except OSError:  # the present directory is gone
        where = file
    return SettingsError(
        f"{where}, where settings may stand, cannot be read ({error.strerror}): run this from another"
        f" directory, with another --data-dir, or name the file in {FILE_VARIABLE}."
    )


def load_settings(options: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Validate every setting once; `overrides` come from the command line (None: not given).

    `options` says by which option of the command line a setting was given, for sentences about it.

    Raises `SettingsError` with one sentence for the first setting that is wrong.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    by_option = {name: (options or {}).get(name, f"{name} (command line)") for name in given}
    file: Path | None = None
    try:
        file = settings_file(_data_dir(given))
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors()[0], by_option, file)) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not text in UTF-8, as TOML must be.") from error
    except OSError as error:
        raise _unreadable(file or Path(), error) from error
    except RuntimeError as error:  # pathlib's word for it
        raise SettingsError(
            f"{variable('data_dir')} is not set, and this user has no home directory to keep data in:"
            " set it, or give --data-dir."
        ) from error


def misspelt_variables(environment: Iterable[str]) -> list[str]:
    """One sentence for each ``SIGHTLINE_*`` variable that no setting reads."""
    known = [variable(name) for name in Settings.model_fields] + [FILE_VARIABLE]
    unknown = [name for name in environment if name.startswith(PREFIX) and name not in known]
    return [
        f"{name} is not a setting and is ignored{_suggestion(name, known)}."
        for name in sorted(unknown)
        if not name.startswith(f"{PREFIX}TEST_")
    ]


def _sentence(error: ErrorDetails, by_option: Mapping[str, str], file: Path | None) -> str:
    """What is wrong, where it was given, and what is allowed."""
    name = str(error["loc"][0]) if error["loc"] else ""
    field = Settings.model_fields.get(name)
    if field is None:
        known = list(Settings.model_fields)
        return f"{name!r} is not a setting{_suggestion(name, known)} (in {file})."
    if name in by_option:
        where = by_option[name]
    elif os.environ.get(variable(name)):
        where = variable(name)
    else:
        where = f"{name} (in {file})"
    value = "(secret)" if is_secret(field) else repr(error["input"])
    return f"{where} is {value}, but it {_allowed(field, error)}."


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"; perhaps {close[0]} was meant" if close else ""


def _allowed(field: FieldInfo, error: ErrorDetails) -> str:
    """What the setting may be, as the end of a sentence."""
    if get_origin(field.annotation) is Literal:
        return "must be one of " + ", ".join(map(str, get_args(field.annotation)))
    bounds = {
        bound: getattr(rule, bound)
        for rule in field.metadata
        for bound in ("ge", "gt", "le")
        if hasattr(rule, bound)
    }
    if bounds:
        kind = "a whole number" if field.annotation is int else "a number"
        low = f"from {bounds['ge']}" if "ge" in bounds else f"above {bounds['gt']}"
        return f"must be {kind} {low} to {bounds['le']}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if field.annotation is bool:
        return "must be true or false"
    # pydantic says "Input should be …" or "String should have …"
    _, _, rest = error["msg"].partition(" should ")
    return f"must {rest}" if rest else f"is wrong: {error['msg']}"


def is_secret(field: FieldInfo) -> bool:
    """Whether the setting's value is never shown."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("secret") is True


def masked(name: str, value: object) -> str:
    """The value of a setting as it may be shown: passwords and secrets are hidden."""
    if value is None:
        return ""
    if not is_secret(Settings.model_fields[name]):
        return str(value)
    if isinstance(value, SecretStr):
        return "********"
    plain, password = split_password(str(value))
    if password is None:
        return plain
    scheme, _, rest = plain.partition("://")
    authority, slash, path = rest.partition("/")
    user, _, hosts = authority.rpartition("@")
    return f"{scheme}://{user}:********@{hosts}{slash}{path}"
