"""Values, numbers and times as a person reads them."""

from __future__ import annotations

import math

from hprun.model import Values


def value_words(values: Values) -> str:
    """`lr=0.001 units=64`."""
    return " ".join(f"{name}={_value(value)}" for name, value in values.items())


def _value(value: object) -> str:
    text = str(value)
    return repr(value) if isinstance(value, str) and (not text or " " in text) else text


def score_words(score: float | None) -> str:
    """Five significant digits; a dash for none."""
    if score is None:
        return "-"
    return f"{score:.5g}" if math.isfinite(score) else str(score)


def time_words(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def size_words(size: float) -> str:
    """`512 B`, `3.2 MB`: powers of 1,000."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def count_words(count: int, one: str, many: str = "") -> str:
    """`1 run`, `24 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
