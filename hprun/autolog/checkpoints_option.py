"""What `--checkpoint` can say: `auto`, `off`, or `every N epochs`."""

from __future__ import annotations

import re

from hprun.errors import ConfigError

Every = int | str
"""A number of epochs, `auto` (as often as 5 % of the training time allows) or `off`."""

_NUMBER = re.compile(r"(?:every\s+)?(\d+)(?:\s+epochs?)?")
_EACH = re.compile(r"(?:every|each)\s+epoch")


def parse_checkpoint(text: str) -> Every:
    """Read `every 2 epochs`, `2`, `every epoch`, `auto` or `off`. Raises ConfigError."""
    said = " ".join(text.lower().split())
    if said in ("auto", "off"):
        return said
    if _EACH.fullmatch(said):
        return 1
    found = _NUMBER.fullmatch(said)
    if found is None or int(found[1]) == 0:
        raise ConfigError(
            f"--checkpoint {text!r} says nothing about when to save.",
            hint='Say "every N epochs" with N from 1, or "auto", or "off".',
        )
    return int(found[1])


def describe_checkpoint(every: Every) -> str:
    """The same, in the words that `parse_checkpoint` reads."""
    if isinstance(every, str):
        return every
    return "every epoch" if every == 1 else f"every {every} epochs"
