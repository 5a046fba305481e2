"""`hprun hook`: what makes a machine go on with its searches after a boot."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import click

from hprun.cli.options import yes_option
from hprun.config import read_file
from hprun.errors import ConfigError, HprunError
from hprun.files import write_whole
from hprun.preemption.boot_files import Boot, script_text, unit_text
from hprun.report.terminal import stderr

F = TypeVar("F", bound=Callable[..., Any])

SCRIPT = "gce-startup.sh"
UNIT = "hprun.service"


_HELP = """Write what makes a machine go on with its searches at each boot.

\b
  hprun hook gce        for Google Compute Engine: a start-up script and a systemd unit
  hprun hook systemd    for any other Linux machine, EC2's too: a systemd unit

Nothing is installed: the next steps are printed.
"""


@click.group(
    "hook", help=_HELP, no_args_is_help=True, subcommand_metavar="gce|systemd", options_metavar=""
)
def command() -> None:
    """Both kinds of machine."""


def _shared_options(function: F) -> F:
    """What both kinds of machine need to know; all have defaults."""
    for option in reversed(
        (
            click.option("--user", help="Who runs the searches (default: you)."),
            click.option("--folder", metavar="DIR", help="The project (default: this folder)."),
            click.option("--cache", metavar="DIR", help="Its cache (default: as in that folder)."),
            click.option("--hprun", metavar="FILE", help="hprun itself (default: this one)."),
            click.option(
                "--venv",
                metavar="DIR",
                help="The environment whose Python runs the scripts (default: the active one).",
            ),
            click.option(
                "--mount",
                metavar="DIR",
                default="",
                help="Start nothing unless a disk is mounted here.",
            ),
            click.option(
                "--gpu/--no-gpu",
                default=None,
                help="Wait for the GPU driver (default: if there is one here).",
            ),
            click.option("--name", default="hprun", show_default=True, help="The unit's name."),
            click.option(
                "--output", metavar="DIR", default=".", help="Where to write; - prints instead."
            ),
        )
    ):
        function = option(function)
    return yes_option(function)


@command.command("gce")
@click.option(
    "--disk",
    metavar="NAME",
    default="",
    help="Device name of a data disk to mount at --mount (gcloud's --disk device-name=NAME).",
)
@_shared_options
def gce(*, disk: str, output: str, yes: bool, **given: Any) -> int:
    """Write a start-up script for Compute Engine, and its unit."""
    boot = _boot(given, disk)
    unit = unit_text(template_text(UNIT), boot)
    script = script_text(template_text(SCRIPT), unit, boot)
    if output == "-":
        click.echo(script, nl=False)
        return 0
    path = Path(output) / SCRIPT
    _write({path: script, Path(output) / f"{boot.name}.service": unit}, yes=yes)
    attach = f"startup-script={path}"
    say = stderr()
    say.print(
        "Attach the script to the machine; it runs at every boot, as root, and installs the unit:\n"
        "  gcloud compute instances add-metadata MACHINE --zone ZONE"
        f" --metadata-from-file {shlex.quote(attach)}\n"
        "Run it now, on the machine, without a boot:\n"
        "  sudo google_metadata_script_runner startup\n"
        f"See what the searches do: journalctl -u {boot.name} -f",
        markup=False,
        soft_wrap=True,
    )
    return 0


@command.command("systemd")
@_shared_options
def systemd(*, output: str, yes: bool, **given: Any) -> int:
    """Write a systemd unit."""
    boot = _boot(given)
    unit = unit_text(template_text(UNIT), boot)
    if output == "-":
        click.echo(unit, nl=False)
        return 0
    path = Path(output) / f"{boot.name}.service"
    _write({path: unit}, yes=yes)
    stderr().print(
        "Install it:\n"
        f"  sudo install -m 644 {shlex.quote(str(path))} /etc/systemd/system/\n"
        "  sudo systemctl daemon-reload\n"
        f"  sudo systemctl enable --now {boot.name}\n"
        f"See what the searches do: journalctl -u {boot.name} -f",
        markup=False,
        soft_wrap=True,
    )
    return 0


def _boot(given: Mapping[str, Any], disk: str = "") -> Boot:
    """Options, and what this process is for those that were not given. Raises ConfigError."""
    folder = _absolute(given["folder"] or ".")
    known = read_file(Path(folder)) if Path(folder).is_dir() else {}
    cache = given["cache"] or os.environ.get("HPRUN_CACHE") or known.get("cache") or "cache"
    venv, mount, gpu = given["venv"], given["mount"], given["gpu"]
    boot = Boot(
        name=given["name"].removesuffix(".service"),
        user=given["user"] or _invoking_user(os.environ),
        folder=folder,
        hprun=_absolute(given["hprun"]) if given["hprun"] else running_program(),
        cache=_absolute(os.path.join(folder, cache)),  # noqa: PTH118 - an absolute one stays
        venv=("VIRTUAL_ENV", _absolute(venv)) if venv else _active_environment(os.environ),
        disk=disk,
        mount=_absolute(mount) if mount else "",
        gpu=shutil.which("nvidia-smi") is not None if gpu is None else gpu,
    )
    for path in (boot.folder, boot.hprun):
        if not Path(path).exists():
            stderr().print(
                f"There is no {path} here: it must be on the machine that boots.", markup=False
            )
    return boot


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - not resolved: links stay as named


def _invoking_user(env: Mapping[str, str]) -> str:
    import pwd

    number = os.getuid()
    if number == 0 and env.get("SUDO_USER", "root") != "root":
        return env["SUDO_USER"]
    try:
        user = pwd.getpwuid(number).pw_name
    except KeyError:
        raise ConfigError("You have no name on this machine.", hint="Say --user NAME.") from None
    if number == 0:
        raise ConfigError(
            "Searches should not run as root.",
            hint="Say --user NAME, or --user root if it is meant.",
        )
    return user


def _active_environment(env: Mapping[str, str]) -> tuple[str, str]:
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if env.get(variable):
            return variable, env[variable]
    return "", ""


def running_program() -> str:
    """The hprun that runs now, as a path that systemd can start. Raises ConfigError.

    Where it was started as `python -m hprun`, that is the program that pip put beside Python.
    """
    called = Path(sys.argv[0])
    found = shutil.which(called) if called.name != "__main__.py" else None
    beside = Path(sys.executable).parent / "hprun"
    for candidate in (found, str(beside)):
        if candidate and os.access(candidate, os.X_OK):
            return _absolute(candidate)
    raise ConfigError("hprun cannot tell where its program is.", hint="Say it: --hprun FILE.")


def template_text(name: str) -> str:
    """A file of templates/: within a wheel, or beside the package in a checkout."""
    packaged = resources.files("hprun").joinpath("_templates").joinpath(name)
    if not packaged.is_file():
        packaged = Path(__file__).parents[2] / "templates" / name
    return packaged.read_text(encoding="utf-8")


def _write(texts: Mapping[Path, str], *, yes: bool) -> None:
    """Write all files or none that would replace another. Raises HprunError."""
    for path, text in texts.items():
        if path.exists() and not yes and path.read_bytes() != text.encode():
            raise HprunError(
                f"{path} exists, and is not what hprun would write.",
                hint="Say --yes to replace it, or --output DIR to write elsewhere.",
            )
        if not path.parent.is_dir():
            raise HprunError(f"There is no folder {path.parent}.")
    for path, text in texts.items():
        try:
            write_whole(path, text.encode())
        except OSError as error:
            raise HprunError(f"{path} cannot be written: {error.strerror}.") from error
        stderr().print(f"Wrote {path}.", markup=False)
