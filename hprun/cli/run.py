"""`hprun run`: search over a script."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from hprun.cli.options import cache_option, json_option
from hprun.cli.quantities import Duration, Jobs, Part, Size
from hprun.cli.verbs import VERBS
from hprun.config import (
    FILE,
    Settings,
    choose,
    read_file,
    setting_name,
    spec_strings,
    top_level,
)
from hprun.engine.question import Question, locate, understand
from hprun.errors import ConfigError
from hprun.paths import Cache
from hprun.strategies.naming import named_from

_OF_THE_SCRIPT = (
    "hp", "args", "sub", "metric", "direction", "search", "trial", "trials", "until", "from", "stop",
    "stop_folds", "stop-folds",
)  # fmt: skip


# Inside a run and under --on-finish these say what the run is, or the search: no options of another
# hprun that is called there.
_TOLD = ("search", "trial", "seed")
_INSIDE = any(name in os.environ for name in ("HPRUN_FOLDER", "HPRUN_STATE"))


def _env(name: str) -> dict[str, Any]:
    """A flag's place in the environment, shown in the help."""
    if _INSIDE and name in _TOLD:
        return {}
    return {"envvar": f"HPRUN_{name.upper()}", "show_envvar": False}


@click.command(
    "run",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog="Each option can stand in hprun.toml, and in the environment as HPRUN_OPTION.",
)
@click.option(
    "--hp", "--hyperparam", "-hp", "hp", multiple=True, metavar="NAME=SPEC", **_env("hp"),
    help="A hyperparameter: lr=1e-5:l5:0.1 (by log), units=32,64, n=1:10, x=0:0.1:1 … Repeatable.",
)  # fmt: skip
@click.option(
    "--search", metavar="STRATEGY", **_env("search"),
    help="What proposes trials: grid, random, qmc, tpe, gp, cmaes, shac, or a class of yours,"
    " FILE.py:CLASS; with options as in tpe:startup=20. Default: grid, or tpe with --trials.",
)  # fmt: skip
@click.option("--trials", type=click.IntRange(1), metavar="N", **_env("trials"),
    help="How many trials a strategy may propose.",
)  # fmt: skip
@click.option("--trial", multiple=True, metavar="VALUES", **_env("trial"),
    help="Try just this: 'lr=0.1,units=32'; or @FILE: all lines of a CSV or JSON lines. Repeatable.",
)  # fmt: skip
@click.option("--from", "from_", multiple=True, metavar="SEARCH", **_env("from"),
    help="Begin with what another search found, or with a FILE: a table of values and scores."
    " Repeatable.",
)  # fmt: skip
@click.option("--stop", multiple=True, metavar="STOPPER", **_env("stop"),
    help="End hopeless runs early: asha, hyperband, median, percentile, threshold:worst=X, patient;"
    " with options as in asha:factor=4,max=50. Repeatable.",
)  # fmt: skip
@click.option("--stop-folds", metavar="STOPPER", **_env("stop_folds"),
    help="Drop the folds that remain of a hopeless trial: stopped, asha, median, percentile,"
    " threshold.",
)  # fmt: skip
@click.option(
    "--metric", metavar="NAME[:min|:max|:last]", **_env("metric"),
    help="What to rank by: a TensorBoard scalar, `NAME: 0.9` on stdout, or a JSON or CSV key.",
)  # fmt: skip
@click.option(
    "--direction", type=click.Choice(["min", "max"]), **_env("direction"),
    help="Which scores are better, where the metric's name does not say.",
)  # fmt: skip
@click.option(
    "--cv", type=click.IntRange(2), metavar="K", **_env("cv"),
    help="K-fold cross-validation: sets `fold` and `folds` in the script.",
)  # fmt: skip
@click.option(
    "--repeats", type=click.IntRange(1), metavar="R", **_env("repeats"),
    help="Run each trial R times, with another `seed` each.",
)  # fmt: skip
@click.option("-j", "--jobs", type=Jobs(), metavar="N", **_env("jobs"),
    help="Run N at once; auto: as many as do more by it (default: auto with a GPU, or else the"
    " number of cores).",
)  # fmt: skip
@click.option("--gpus", metavar="LIST", **_env("gpus"),
    help="Use just these GPUs, as in 0,1, each run one of them; none hides all from the runs.",
)  # fmt: skip
@click.option("--seed", type=int, **_env("seed"), help="For drawn values and repeats (default 0).")
@click.option(
    "--sub", multiple=True, metavar="FILE:REGEX", **_env("sub"),
    help="Put a value into another file: 'config.yaml:lr: *(\\S+)'. Repeatable.",
)  # fmt: skip
@click.option(
    "--substitute", type=click.Choice(["auto", "reads"]), **_env("substitute"),
    help="reads: put values where the names are read, as Studio did.",
)  # fmt: skip
@click.option("--link", multiple=True, metavar="PATH", **_env("link"),
    help="Leave this file or folder where it is instead of copying it. Repeatable.",
)  # fmt: skip
@click.option("--depends", multiple=True, metavar="PATH", **_env("depends"),
    help="Run again when this file changes. Repeatable.",
)  # fmt: skip
@click.option("--python", metavar="PROGRAM", **_env("python"),
    help="The Python that runs the script (default: the active environment's).",
)  # fmt: skip
@click.option("--timeout", type=Duration(), metavar="TIME", **_env("timeout"),
    help="End a run that takes longer: 90, 30m, 2h.",
)  # fmt: skip
@click.option("--for", "for_", type=Duration(), metavar="TIME", **_env("for"),
    help="Stop the whole search after this time; it can be resumed.",
)  # fmt: skip
@click.option("--until", metavar="NAME=VALUE", **_env("until"),
    help="The search is complete when a trial's score is as good as this.",
)  # fmt: skip
@click.option("--patience", type=click.IntRange(1), metavar="N", **_env("patience"),
    help="The search is complete when N trials in a row brought no better score.",
)  # fmt: skip
@click.option("--grace", type=Duration(), metavar="TIME", **_env("grace"),
    help="Time between asking a run to end and killing it (default 10).",
)  # fmt: skip
@click.option("--checkpoint", metavar="WHEN", **_env("checkpoint"),
    help="Save Keras and Lightning trainings that do not save themselves: auto (default), off,"
    " or every N epochs.",
)  # fmt: skip
@click.option("--autolog/--no-autolog", default=None, **_env("autolog"),
    help="Let hprun save trainings and write their curves where the script does not (default).",
)  # fmt: skip
@click.option("--gpu-memory", type=Part(), metavar="PART", **_env("gpu_memory"),
    help="The part of each GPU's memory that all runs together may take: 0.8, or 80%.",
)  # fmt: skip
@click.option("--gpu-memory-per-run", type=Size(), metavar="SIZE", **_env("gpu_memory_per_run"),
    help="So much of a GPU's memory may each run take: 4G, 500M.",
)  # fmt: skip
@click.option("--mps/--no-mps", default=None, **_env("mps"),
    help="Let runs share GPUs by way of NVIDIA's MPS: start its control daemon, if none runs, and"
    " stop it at the end.",
)  # fmt: skip
@click.option(
    "--start", type=click.Choice(["auto", "warm", "cold"]), **_env("start"),
    help="warm: import once what the script imports, and fork each run; cold: each run imports."
    " auto (default): warm where that is safe and pays.",
)  # fmt: skip
@click.option("--share-prefix/--no-share-prefix", default=None, **_env("share_prefix"),
    help="Also do once what stands before the first use of a hyperparameter, such as loading data.",
)  # fmt: skip
@click.option("--max-retries", type=click.IntRange(0), metavar="N", **_env("max_retries"),
    help="Try a run again that failed, up to N times (default 0).",
)  # fmt: skip
@click.option("--fail-fast/--no-fail-fast", default=None, **_env("fail_fast"),
    help="Stop the search at the first run that fails.",
)  # fmt: skip
@click.option("--max-log", type=Size(), metavar="SIZE", **_env("max_log"),
    help="Keep only head and tail of a larger log (default 50M; 0: keep all).",
)  # fmt: skip
@click.option("--min-free", type=Size(), metavar="SIZE", **_env("min_free"),
    help="Start nothing with less room on the disk (default 500M).",
)  # fmt: skip
@click.option("--on-finish", metavar="CMD", **_env("on_finish"),
    help="Run this when the search has come to its end, with the result in HPRUN_… variables.",
)  # fmt: skip
@cache_option
@click.option("--dry-run", "-n", is_flag=True, help="Show trials and changes; write nothing.")
@json_option
@click.option("--yes", "-y", is_flag=True, help="Allow more than a million trials.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@click.option("--verbose", "-v", is_flag=True, help="Say more.")
@click.argument("script", required=False)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def command(
    *,
    script: str | None,
    args: tuple[str, ...],
    cache: Cache,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    quiet: bool,
    verbose: bool,
    **flags: Any,
) -> int:
    """Search over SCRIPT: copy it for each trial with the values put in, and run the copies.

    Without SCRIPT, runs the search that hprun.toml describes.
    """
    settings, workspace = _settings(script, args, flags, Path.cwd())
    question = understand(settings, workspace, large_is_fine=yes)
    if dry_run:
        _dry_run(question, as_json=as_json)
        return 0
    from hprun.cli.searching import search

    gc.freeze()  # what a search begins with stays to its end
    return search(question, cache, as_json=as_json, quiet=quiet, verbose=verbose)


def _settings(
    script: str | None, args: tuple[str, ...], flags: dict[str, Any], here: Path
) -> tuple[Settings, Path]:
    """Flag over environment over file over default (click has done the first step)."""
    data = read_file(here)
    named = script if script in data.get("search", {}) else None
    whole = not named and script is not None and "script" not in data
    chosen = top_level(data) if whole else choose(data, named)
    own_script = chosen.get("script")
    if not isinstance(own_script, str | None):
        raise ConfigError(f"{FILE}: script must be a string.")
    if named or script is None:
        if own_script is None:
            raise ConfigError(
                "No script is named.",
                hint=f'`hprun --hp … train.py`, or say `script = "train.py"` in {FILE}.',
            )
        script = own_script
    elif own_script is not None and Path(own_script) != Path(script):
        # The file describes another script's search: only how to run is taken from it.
        chosen = {k: v for k, v in chosen.items() if k not in _OF_THE_SCRIPT}
    merged: dict[str, Any] = {**chosen, **_given(flags)}
    merged["hp"] = _merge_specs(spec_strings(chosen.get("hp", {})), flags["hp"])
    merged["args"] = args or chosen.get("args", ())
    if script in VERBS and not Path(script).exists():
        raise ConfigError(
            f"{script} is a command, and commands come first.", hint=f"`hprun {script} …`"
        )
    workspace, relative = locate(script, here)
    merged["script"] = relative
    if isinstance(merged.get("search"), str):
        merged["search"] = named_from(merged["search"], here, workspace)
    if merged.get("autolog") is False and "checkpoint" in merged:
        raise ConfigError("--checkpoint has no effect with --no-autolog.", hint="Drop one of them.")
    if merged.get("share_prefix") and merged.get("start") == "cold":
        raise ConfigError(
            "--share-prefix has no effect with --start cold.", hint="Drop one of them."
        )
    merged.pop("cache", None)
    settings = _with_one_limit(Settings(**_typed(merged)), _given(flags))
    if settings.on_finish:
        from hprun.cli.on_finish import split_command

        split_command(settings.on_finish)  # what cannot be called is told now, not in the morning
    return settings, workspace


def _with_one_limit(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """A flag for one kind of limit takes the place of the other kind in the file."""
    if not (settings.gpu_memory and settings.gpu_memory_per_run):
        return settings
    if "gpu_memory" in given and "gpu_memory_per_run" not in given:
        return replace(settings, gpu_memory_per_run=0.0)
    if "gpu_memory_per_run" in given and "gpu_memory" not in given:
        return replace(settings, gpu_memory=0.0)
    raise ConfigError(
        "--gpu-memory and --gpu-memory-per-run exclude each other.", hint="Drop one of them."
    )


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value not in (None, (), "")}


def _merge_specs(file: tuple[str, ...], flags: tuple[str, ...]) -> tuple[str, ...]:
    """A flag replaces the file's spec of the same name, in its place."""
    by_name = {spec.split("=", 1)[0].strip(): spec for spec in file}
    names = [spec.split("=", 1)[0].strip() for spec in flags]
    kept = [spec for name, spec in by_name.items() if name not in names]
    return (*kept, *flags)


def _typed(merged: dict[str, Any]) -> dict[str, Any]:
    """Check what came from a file as click checks flags. Raises ConfigError."""
    options = {option.name: option for option in command.params}
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    typed: dict[str, Any] = {}
    for key, value in merged.items():
        name = setting_name(key)
        kind = kinds[name]
        if kind.startswith("tuple"):
            if isinstance(value, str) or not all(isinstance(item, str) for item in value):
                raise ConfigError(f"{FILE}: {key} must be a list of strings.")
            typed[name] = tuple(value)
            continue
        quantity = isinstance(value, int | float | str) and not isinstance(value, bool)
        if type(value).__name__ not in kind.split(" | ") and not (kind == "float" and quantity):
            raise ConfigError(f"{FILE}: {key} must be a {_PLAIN[kind]}.")
        try:
            typed[name] = options[name].type(value)
        except click.BadParameter as error:
            raise ConfigError(f"{FILE}: {key}: {error.message}") from None
    return typed


_PLAIN = {
    "int": "whole number", "float": "number", "str": "string", "bool": "true or false",
    "int | str": "whole number, or a word",
}  # fmt: skip


def _dry_run(question: Question, *, as_json: bool) -> None:
    from hprun.report.preview import preview_json, print_preview

    if as_json:
        click.echo(json.dumps(preview_json(question), indent=1))
    else:
        print_preview(question)
