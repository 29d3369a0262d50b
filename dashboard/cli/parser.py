"""Which commands there are, and their arguments. Imports nothing of the product, so it is fast."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

PARTS = ("gateway", "media", "dashboard", "keeper")

_MODULES = "sightline.dashboard.cli"

Subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def build_parser() -> argparse.ArgumentParser:
    """The whole command line.

    A parsed command has `handler`, "module:function" that does it; `passes_on`: whether what the parser does
    not know goes to another program; and `parser`, which explains it.
    """
    parser = argparse.ArgumentParser(
        prog="sightline",
        description="Live map of body-worn cameras, and triage board of negotiators.",
        epilog="Settings are SIGHTLINE_* environment variables or one TOML file:"
        " 'sightline settings' shows them all.",
    )
    parser.add_argument("--version", action=_Version, help="which Sightline this is")
    parser.set_defaults(handler=None, passes_on=False, topic=None, parser=parser)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    _running(commands)
    _database(commands)
    _registers(commands)
    _tracks(commands)
    _checking(commands)
    help_ = commands.add_parser("help", help="this list, or about one command")
    help_.add_argument("topic", nargs="?", default="", metavar="COMMAND")
    return parser


def explain(parser: argparse.ArgumentParser, topic: str | None) -> int:
    """Print what `parser` takes, or its command `topic`; returns the exit code: 2 when nobody asked for it."""
    if topic:
        parser.parse_args([topic, "--help"])
    parser.print_help()
    return 2 if topic is None else 0


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(f"sightline {_version()}\n")
        parser.exit()


def _version() -> str:
    """Of the checkout this stands in, else of the installed package."""
    import tomllib
    from importlib.metadata import version

    try:
        with (Path(__file__).resolve().parents[2] / "pyproject.toml").open("rb") as project:
            found: str = tomllib.load(project)["project"]["version"]
    except FileNotFoundError:
        return version("sightline")
    return found


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _directory(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("must name a directory")
    return Path(text)


def _add(
    commands: Subparsers[argparse.ArgumentParser], name: str, handler: str, help_text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=help_text, description=help_text[0].upper() + help_text[1:] + "."
    )
    command.set_defaults(handler=f"{_MODULES}.{handler}", parser=command)
    return command


def _data_dir(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-dir",
        type=_directory,
        metavar="DIR",
        help="data directory (default: setting data_dir)",
    )


def _running(commands: Subparsers[argparse.ArgumentParser]) -> None:
    demo = _add(commands, "demo", "run:demo", "everything on this machine, with an invented force")
    demo.add_argument(
        "--cameras", type=_whole_number, metavar="N", help="simulated cameras (default: 400)"
    )
    _data_dir(demo)
    demo.add_argument("--host", metavar="H", help="address to listen on (default: 127.0.0.1)")
    demo.add_argument(
        "--port", type=_whole_number, metavar="P", help="dashboard's port (default: 8050)"
    )
    demo.add_argument(
        "--seed", type=_whole_number, metavar="S", help="of the invented force (default: 1)"
    )

    up = _add(commands, "up", "run:up", "all parts for real use, or one of them")
    up.add_argument("part", nargs="?", choices=PARTS, help="only this part (default: all)")
    _data_dir(up)

    status = _add(commands, "status", "operate:status", "what runs, how far behind, what is wrong")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    _data_dir(status)

    settings = _add(commands, "settings", "operate:settings", "every setting with its meaning")
    settings.add_argument("--json", action="store_true", help="as one JSON object")
    _data_dir(settings)


def _database(commands: Subparsers[argparse.ArgumentParser]) -> None:
    _data_dir(_add(commands, "migrate", "operate:migrate", "schema of the database to the newest"))
    psql = _add(commands, "psql", "operate:psql", "psql [ARGS] on the database, as its owner")
    _data_dir(psql)
    psql.set_defaults(passes_on=True)

    basemap = commands.add_parser("basemap", help="the map under the cameras")
    actions = basemap.add_subparsers(metavar="ACTION", required=True)
    import_ = _add(
        actions,
        "import",
        "basemap:import_",
        "draw a file of a map, in place of the map that was there",
    )
    import_.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="OpenStreetMap extract (.osm.pbf), OS Open Zoomstack (.gpkg), or vector tiles (.mbtiles, .pmtiles)",
    )
    import_.add_argument("--keep", action="store_true", help="beside the map that was there")
    _data_dir(import_)

    area = commands.add_parser("area", help="the force's own areas: divisions, boroughs, beats")
    actions = area.add_subparsers(metavar="ACTION", required=True)
    import_ = _add(
        actions,
        "import",
        "areas:import_",
        "make areas from a file of polygons, all of them or none",
    )
    import_.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="GeoPackage, GeoJSON or Shapefile, in any coordinates",
    )
    import_.add_argument("--layer", metavar="NAME", help="of the file (default: its only one)")
    for column in ("code", "name"):
        import_.add_argument(
            f"--{column}", default=column, metavar="COLUMN", help=f"column of the {column}s"
        )
    _data_dir(import_)

    audit = commands.add_parser("audit", help="the audit's chain")
    actions = audit.add_subparsers(metavar="ACTION", required=True)
    verify = _add(actions, "verify", "operate:audit_verify", "walk the audit's chain")
    for option, help_text in (
        ("--key", "a public key to trust as well, as PEM or as audit-public-keys.json"),
        ("--head", "a head kept elsewhere, which the chain must go through"),
    ):
        verify.add_argument(
            option, type=Path, action="append", default=[], metavar="FILE", help=help_text
        )
    _data_dir(verify)
    _data_dir(
        _add(actions, "head", "operate:audit_head", "print the signed head, to keep elsewhere")
    )


def _registers(commands: Subparsers[argparse.ArgumentParser]) -> None:
    user = commands.add_parser("user", help="people who sign in")
    actions = user.add_subparsers(metavar="ACTION", required=True)
    add = _add(actions, "add", "registers:user_add", "make a user; prints the password")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", required=True, metavar="ROLE", help="fim, negco, commander, …")
    add.add_argument("--display-name", metavar="NAME", help="as shown on screen")
    add.add_argument("--officer", metavar="SHOULDER", help="shoulder number, if an officer")
    _data_dir(add)
    _data_dir(_add(actions, "list", "registers:user_list", "all users"))
    _import(actions, "users", "name, role, display_name, officer")
    for action, handler, help_text in (
        ("disable", "registers:user_disable", "end a user's access at once"),
        ("enable", "registers:user_enable", "give a disabled user access again"),
        ("token", "registers:user_token", "make a bearer token for a program that acts as a user"),
    ):
        command = _add(actions, action, handler, help_text)
        command.add_argument("name", metavar="NAME")
        _data_dir(command)

    camera = commands.add_parser("camera", help="cameras that may connect")
    actions = camera.add_subparsers(metavar="ACTION", required=True)
    add = _add(actions, "add", "registers:camera_add", "register a camera; prints its token")
    add.add_argument("camera", metavar="ID")
    add.add_argument("--officer", metavar="SHOULDER", help="shoulder number of who wears it")
    _data_dir(add)
    _data_dir(_add(actions, "list", "registers:camera_list", "all cameras"))
    doubted = _add(
        actions, "doubted", "registers:camera_doubted", "fixes of a camera that were not believed"
    )
    doubted.add_argument("camera", metavar="ID")
    doubted.add_argument(
        "--most", type=_whole_number, default=100, metavar="N", help="newest (default: 100)"
    )
    doubted.add_argument("--raw", action="store_true", help="as they came, one JSON object a line")
    _data_dir(doubted)
    _import(actions, "cameras", "camera, officer")
    for action, handler, help_text in (
        ("disable", "registers:camera_disable", "cut a camera off at once"),
        ("enable", "registers:camera_enable", "let a disabled camera connect again"),
        ("token", "registers:camera_token", "give a camera a new token; the old one stops working"),
    ):
        command = _add(actions, action, handler, help_text)
        command.add_argument("camera", metavar="ID")
        _data_dir(command)

    bridge = commands.add_parser("bridge", help="connections that carry many cameras")
    actions = bridge.add_subparsers(metavar="ACTION", required=True)
    _data_dir(_add(actions, "list", "registers:bridge_list", "all bridges"))
    _import(actions, "bridges", "name")
    for action, handler, help_text in (
        ("add", "registers:bridge_add", "register a bridge; prints its token"),
        ("disable", "registers:bridge_disable", "cut a bridge off at once"),
        ("enable", "registers:bridge_enable", "let a disabled bridge connect again"),
        ("token", "registers:bridge_token", "give a bridge a new token; the old one stops working"),
    ):
        command = _add(actions, action, handler, help_text)
        command.add_argument("name", metavar="NAME")
        _data_dir(command)

    post = commands.add_parser("post", help="posts of the control room, held and handed over")
    actions = post.add_subparsers(metavar="ACTION", required=True)
    add = _add(actions, "add", "registers:post_add", "make a post")
    add.add_argument("code", metavar="CODE", help="for example oscar_1")
    add.add_argument("--role", required=True, metavar="ROLE", help="who may hold it: fim or negco")
    add.add_argument("--name", metavar="NAME", help="as people call it, for example 'Oscar 1'")
    add.add_argument(
        "--turn",
        type=_whole_number,
        metavar="N",
        help="alerts come to the lowest first (default: not to this post)",
    )
    _data_dir(add)
    _data_dir(_add(actions, "list", "registers:post_list", "all posts, and who holds them"))


def _import(actions: Subparsers[argparse.ArgumentParser], what: str, columns: str) -> None:
    command = _add(
        actions, "import", f"imports:{what}", f"make {what} from a table, all of them or none"
    )
    command.add_argument(
        "file", type=Path, metavar="FILE.csv", help=f"its first line names the columns: {columns}"
    )
    _data_dir(command)


def _tracks(commands: Subparsers[argparse.ArgumentParser]) -> None:
    replay = _add(commands, "replay", "tracks:replay", "recorded tracks as live cameras")
    replay.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="G-NetTrack CSV, ZIP of them, or GPX"
    )
    replay.add_argument(
        "--speed", type=_number, default=1.0, metavar="X", help="times real time (default: 1)"
    )
    replay.add_argument(
        "--original-times",
        action="store_true",
        help="keep the recorded times, and send everything at once",
    )
    replay.add_argument("--zone", metavar="TZ", help="of logs without one (default: Europe/London)")
    replay.add_argument("--gateway", metavar="URL", help="ws:// address (default: from settings)")
    _data_dir(replay)

    simulate = _add(commands, "simulate", "tracks:simulate", "simulated cameras, as a load")
    simulate.add_argument(
        "--cameras", type=_whole_number, required=True, metavar="N", help="how many"
    )
    simulate.add_argument(
        "--rate",
        type=_number,
        default=1.0,
        metavar="HZ",
        help="reports a second of each (default: 1)",
    )
    simulate.add_argument(
        "--duration", type=_number, metavar="S", help="seconds (default: for ever)"
    )
    simulate.add_argument(
        "--tokens",
        type=Path,
        metavar="FILE",
        help='of cameras made elsewhere: {"cameras": {ID: TOKEN}} or {"bridge": TOKEN}; and {"feed": TOKEN}',
    )
    simulate.add_argument(
        "--feed",
        metavar="URL",
        help="ws:// address of a feed, to measure how long fixes take to it",
    )
    simulate.add_argument("--gateway", metavar="URL", help="ws:// address (default: from settings)")
    simulate.add_argument(
        "--json",
        action="store_true",
        help="an object when all are connected, and the figures as one at the end, times in ms",
    )
    _data_dir(simulate)


def _checking(commands: Subparsers[argparse.ArgumentParser]) -> None:
    test = _add(commands, "test", "check:test", "the whole suite; ARGS go to pytest")
    test.set_defaults(passes_on=True)
    bench = _add(commands, "bench", "check:bench", "the benchmarks, as ratios with their goals")
    bench.set_defaults(passes_on=True)
