"""The systemd unit and the start-up script, filled in from templates. Pure.

Quoting follows systemd.syntax(7), systemd.unit(5) ("Specifiers") and systemd.service(5) ("Command
lines"): paths of settings such as WorkingDirectory= are taken as they stand, but for `%`; words
of command lines and of Environment= are in double quotes, where backslash and the quote need a
backslash.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from hprun.dataclass import dataclass
from hprun.errors import ConfigError

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DISK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_PLACE = re.compile(r"@([A-Z_]+)@")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_GPU_CHECK = '/bin/sh -c "nvidia-smi -L >/dev/null"'


@dataclass(frozen=True, slots=True)
class Boot:
    """What goes on at boot, as whom and where.

    Raises ConfigError for what no unit can say. Paths are absolute. `venv` is the variable and the folder of the environment whose Python runs
    the scripts, and `disk` the device name of a data disk that is to be at `mount`; all are empty
    for none.
    """

    name: str
    user: str
    folder: str
    hprun: str
    cache: str
    venv: tuple[str, str] = ("", "")
    disk: str = ""
    mount: str = ""
    gpu: bool = False

    def __post_init__(self) -> None:
        _check_name("--name", self.name, _UNIT, "letters, digits, - and _")
        _check_name("--user", self.user, _USER, "letters, digits, -, _ and .")
        if self.disk:
            _check_name("--disk", self.disk, _DISK, "letters, digits, -, _ and .")
        if self.disk and not self.mount:
            raise ConfigError("--disk needs --mount: the folder that the disk goes to.")
        for option, path in (
            ("--folder", self.folder),
            ("--hprun", self.hprun),
            ("--cache", self.cache),
            ("--venv", self.venv[1]),
            ("--mount", self.mount),
        ):
            _check_path(option, path)
        if re.search(r"""["'\\]""", self.hprun):
            raise ConfigError(
                f"--hprun {self.hprun}: systemd starts no program with a quote or a backslash in"
                " its path.",
                hint="Make a link to it in a folder with a plainer name, and name that.",
            )
        if self.mount == "/":
            raise ConfigError("--mount must be another folder than /.")
        if ":" in self.venv[1]:
            raise ConfigError("--venv: no folder with a colon in its name can be in PATH.")


def _check_name(option: str, text: str, pattern: re.Pattern[str], allowed: str) -> None:
    if not pattern.fullmatch(text):
        raise ConfigError(f"{option} {text!r} is no name: it takes {allowed}.")


def _check_path(option: str, path: str) -> None:
    if not path.isprintable():
        raise ConfigError(
            f"{option} {path!r} holds a character that cannot be printed, which no unit file takes."
        )
    # A line that ends in a backslash goes on in the next; blanks at its end are dropped.
    if path.endswith((" ", "\\")):
        raise ConfigError(f"{option} {path!r} ends in a blank or a backslash: rename it.")


def unit_text(template: str, boot: Boot) -> str:
    """The unit, to be started at boot."""
    variable, venv = boot.venv
    return fill(
        template,
        {
            "NAME": boot.name,
            "USER": boot.user,
            "FOLDER": unit_path(boot.folder),
            "MOUNT": unit_path(boot.mount),
            "VENV": unit_word(f"{variable}={venv}") if venv else "",
            "PATH": unit_word(f"PATH={venv}/bin:{_SYSTEM_PATH}") if venv else "",
            "GPU_CHECK": _GPU_CHECK if boot.gpu else "",
            "HPRUN": unit_word(boot.hprun),
            "CACHE": unit_word(boot.cache),
        },
        drop_empty=True,
    )


def script_text(template: str, unit: str, boot: Boot) -> str:
    """The start-up script, which installs `unit`."""
    words = {
        "NAME": boot.name,
        "USER": boot.user,
        "FOLDER": boot.folder,
        "HPRUN": boot.hprun,
        "DISK": boot.disk,
        "MOUNT": boot.mount,
        "GPU": "yes" if boot.gpu else "no",
    }
    quoted = {name: shlex.quote(word) for name, word in words.items()}
    return fill(template, {**quoted, "UNIT": unit.rstrip("\n")})


def fill(template: str, values: Mapping[str, str], *, drop_empty: bool = False) -> str:
    """Put values for `@NAME@`; what stands in a value is not looked at again.

    With `drop_empty`, lines with an empty value are left out. Raises KeyError for unknown names.
    """
    lines = [
        _PLACE.sub(lambda place: values[place[1]], line)
        for line in template.splitlines(keepends=True)
        if not (drop_empty and any(not values[name] for name in _PLACE.findall(line)))
    ]
    return "".join(lines)


def unit_path(path: str) -> str:
    """A path as the whole value of a setting."""
    return path.replace("%", "%%")


def unit_word(text: str) -> str:
    """A word of a command line or of Environment=."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
