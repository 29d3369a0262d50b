"""Settings of the database package, and what every settings group has in common.

A group is a frozen pydantic model whose field names are the setting's one name: the field
``gateway_port`` is ``SIGHTLINE_GATEWAY_PORT`` in the environment and ``gateway_port`` in the TOML
file. Groups inherit from what they build on, so one `Settings` object (see
`sightline.dashboard.settings`) can be handed to any function that asks for a single group.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP or UDP port; 0 asks the system for a free one (tests)."""


def default_data_dir() -> Path:
    """Where data is kept unless a setting says otherwise.

    Root gets a system directory: PostgreSQL refuses to run as root, and the unprivileged user it
    runs as could not reach below root's home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/sightline")
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "sightline"


def _named(path: object) -> object:
    if path == "":  # would be the present directory, which nobody has asked for
        raise ValueError("must name a directory")
    return path


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:  # pathlib's word for it
        raise ValueError("must name a directory, and no user has this home") from None


def _postgres_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("postgresql", "postgres") and bool(parts.path.strip("/"))
        _ = parts.port  # is read, and checked, only when asked for
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError("must be a URL like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return url


def split_password(url: str) -> tuple[str, str | None]:
    """A PostgreSQL URL without its password, and the password, decoded; it may stand before the host or in the query."""
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    options = parse_qsl(parts.query, keep_blank_values=True)
    named = dict(options).get("password")
    rest = urlencode([(name, value) for name, value in options if name != "password"], safe="/")
    authority = f"{user.partition(':')[0]}@{hosts}" if user else hosts
    # By hand: urlunsplit leaves the slashes out where there is no host.
    plain = f"{parts.scheme}://{authority}{parts.path}" + (f"?{rest}" if rest else "")
    return plain, named if parts.password is None else unquote(parts.password)


class SettingsGroup(BaseModel):
    """Base of all groups: immutable, no unknown names, defaults checked like given values."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class DatabaseSettings(SettingsGroup):
    """Where the database is, and how long one statement may hold it."""

    data_dir: Annotated[Path, BeforeValidator(_named), AfterValidator(_absolute)] = Field(
        default_factory=default_data_dir,
        description="Directory of the private database cluster, secrets and run-time state",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much each process writes to its log"
    )
    database_url: Annotated[str, AfterValidator(_postgres_url)] | None = Field(
        default=None,
        description="PostgreSQL with PostGIS to use, as the owner of the schema;"
        " unset: a private cluster in the data directory",
        json_schema_extra={"secret": True},
    )
    database_pool_size: int = Field(
        default=8, ge=1, le=100, description="Most connections that one process opens"
    )
    database_statement_timeout_s: float = Field(
        default=15.0, gt=0, le=3600, description="After how long a statement is cancelled"
    )
    database_idle_transaction_timeout_s: float = Field(
        default=10.0, gt=0, le=3600, description="After how long an idle transaction is ended"
    )

    @property
    def database_place(self) -> str:
        """How sentences name the database: by its setting, which holds a password, or by its directory."""
        return "SIGHTLINE_DATABASE_URL" if self.database_url else str(self.data_dir)
