"""Every error that a user can meet: one sentence, a hint, an exit status."""

from __future__ import annotations


class HprunError(Exception):
    """Something that the user asked for cannot be done.

    `message` is one sentence; `hint`, where there is one, says what to do instead. Only
    `hprun.cli.main` catches it, prints both to stderr and exits with `status`.
    """

    status = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SpecError(HprunError):
    """A spec (`--hp NAME=SPEC`) that means nothing, or nothing that can be searched.

    `column` is where in `text` the trouble starts, from 0; the printed message carries the
    text with a caret under that column.
    """

    def __init__(self, message: str, *, text: str = "", column: int = 0, hint: str = "") -> None:
        shown = f"{message}\n    {text}\n    {' ' * column}^" if text else message
        super().__init__(shown, hint=hint)
        self.sentence = message
        self.text = text
        self.column = column


class SiteError(HprunError):
    """A name that has no place in the script, or more than one."""


class RenderError(HprunError):
    """A rendered file that does not compile, or a script that did not to begin with."""


class MetricError(HprunError):
    """A `--metric` that cannot be read, or whose direction is unknown."""


class WorkspaceError(HprunError):
    """A script or workspace that cannot be copied."""


class CacheError(HprunError):
    """A cache that cannot be read or written, or that another hprun holds.

    `passes` says that it may be otherwise in a moment, as with a full disk.
    """

    def __init__(self, message: str, *, hint: str = "", passes: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.passes = passes


class ConfigError(HprunError):
    """A setting, in a flag, a file or the environment, that cannot take effect."""
