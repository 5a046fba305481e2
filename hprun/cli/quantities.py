"""Times, sizes and numbers of runs as people write them."""

from __future__ import annotations

import re

import click

from hprun.config import AUTO

_TIMES = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_PIECE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*")


class Duration(click.ParamType):  # type: ignore[type-arg]
    """Seconds, or `30s`, `45m`, `8h`, `1d12h`."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds. Fails for what is no time."""
        total, at = 0.0, 0
        text = str(value).strip().lower()
        for piece in _PIECE.finditer(text):
            number, unit = piece.groups()
            if piece.start() != at or unit not in _TIMES:
                break
            total, at = total + float(number) * _TIMES[unit], piece.end()
        if not text or at != len(text):
            self.fail(f"{value!r} is no time: 90, 30s, 45m, 8h or 1d12h", param, ctx)
        return total


class Part(click.ParamType):  # type: ignore[type-arg]
    """A part of a whole: 0.8 or 80%."""

    name = "part"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """More than 0, and 1 at the most. Fails for what is no part."""
        text = str(value).strip()
        try:
            part = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            part = 0.0
        if not 0 < part <= 1:
            self.fail(f"{value!r} is no part of a whole: 0.8 or 80%", param, ctx)
        return part


class Size(click.ParamType):  # type: ignore[type-arg]
    """Bytes, or `500k`, `50M`, `2G`, with or without a B behind; powers of 1,000."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Bytes. Fails for what is no size."""
        text = str(value).strip().lower()
        piece = _PIECE.fullmatch(text)
        unit = piece.group(2).removesuffix("b").removesuffix("i") if piece else "?"
        if piece is None or unit not in _SIZES:
            self.fail(f"{value!r} is no size: 500k, 50M or 2G", param, ctx)
        return float(piece.group(1)) * _SIZES[unit]


class Jobs(click.ParamType):  # type: ignore[type-arg]
    """A number from 1 on, or `auto`."""

    name = "jobs"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """The number, or `auto`. Fails for what is neither."""
        text = str(value).strip().lower()
        if text == AUTO:
            return AUTO
        if not text.isdecimal() or not int(text):
            self.fail(f"{value!r} is no whole number from 1 on, nor auto", param, ctx)
        return int(text)
