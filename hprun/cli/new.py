"""`hprun new`: start a training script from a template."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hprun.errors import HprunError
from hprun.files import write_whole
from hprun.report.terminal import stderr

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from importlib.resources.abc import Traversable
    else:
        from importlib.abc import Traversable


@click.command("new")
@click.argument("template", required=False)
@click.argument("file", required=False)
def command(template: str | None, file: str | None) -> int:
    """Copy TEMPLATE to FILE (default: TEMPLATE_train.py). Without TEMPLATE, list them."""
    there = templates()
    if template is None:
        for name in there:
            click.echo(name)
        return 0
    if template not in there:
        raise HprunError(
            f"There is no template {template}.", hint=f"There are: {', '.join(there)}."
        )
    # Never keras.py: such a script would import itself in place of the library.
    target = Path(file or f"{template}_train.py")
    if target.exists():
        raise HprunError(f"{target} exists.", hint=f"Name another: `hprun new {template} FILE`.")
    if not target.parent.is_dir():
        raise HprunError(f"There is no folder {target.parent}.", hint="Make it first.")
    write_whole(target, there[template].read_bytes())
    stderr().print(
        f"Wrote {target}. Try `python {target}`, then `hprun --metric val_loss:min {target}`.",
        markup=False,
    )
    return 0


def templates() -> dict[str, Traversable]:
    """The templates by name: within a wheel, or beside the package in a checkout."""
    packaged = resources.files("hprun").joinpath("_templates")
    if not packaged.is_dir():
        packaged = Path(__file__).parents[2] / "templates"
    return {
        entry.name.removesuffix(".py"): entry
        for entry in sorted(packaged.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    }
