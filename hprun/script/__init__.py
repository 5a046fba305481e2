"""The script: where each value goes in it, and the copies with the values put in."""

from __future__ import annotations

from hprun.script.assembly import Request, make_template
from hprun.script.diff import unified_diff
from hprun.script.imports import imported_modules
from hprun.script.marks import marks
from hprun.script.rendering import Rendering
from hprun.script.substitutions import Sub, parse_sub
from hprun.script.template import Template

__all__ = [
    "Rendering", "Request", "Sub", "Template", "imported_modules", "make_template", "marks",
    "parse_sub", "unified_diff",
]  # fmt: skip
