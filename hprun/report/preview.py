"""What `hprun run --dry-run` shows: the space, the number of runs, and the script's diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hprun.engine.interpreter import interpreter
from hprun.engine.placing import jobs_words
from hprun.engine.plan import render
from hprun.engine.question import Question
from hprun.model import Site, Value
from hprun.report.results import SCHEMA, metric_json
from hprun.report.terminal import print_table, stdout
from hprun.report.words import count_words, value_words
from hprun.report.words_in_colour import Column, diff_text
from hprun.script import unified_diff
from hprun.space import Parameter, summarise


def preview_json(question: Question) -> dict[str, Any]:
    """The document of `hprun run --dry-run --json`."""
    axes = question.space.axes(seed=question.settings.seed)
    sampled = [p for p in question.space.parameters if p.sampled]
    return {
        "schema": SCHEMA,
        "script": question.settings.script,
        "metric": metric_json(question.metric),
        "trials": question.trials,
        "runs": question.runs,
        "strategy": question.chosen.name if question.chosen is not None else "grid",
        "space": {
            **{name: list(values) for name, values in axes.items()},
            **{parameter.name: parameter.spec for parameter in sampled},
        },
        "parameters": [_parameter_json(question, one) for one in question.space.parameters],
        "sites": [
            {
                "name": site.name,
                "file": site.file,
                "line": site.line,
                "rule": site.rule,
                "before": site.before,
                "after": after,
            }
            for site, after in sites_after(question)
        ],
    }


def _parameter_json(question: Question, parameter: Parameter) -> dict[str, Any]:
    row = summarise(parameter, question.settings.seed)
    return {
        "name": row.name,
        "kind": row.kind,
        "scale": row.scale,
        "count": row.count,
        "values": row.values,
        "spec": parameter.spec,
        "default": _now(question, parameter),
        "condition": row.condition or None,
    }


def _now(question: Question, parameter: Parameter) -> str:
    """What the script says where values of the parameter go."""
    sites = question.template.sites
    first = {site.name: site.before for site in reversed(sites)}
    return ", ".join(first[name] for name in parameter.names if first.get(name))


def sites_after(question: Question) -> list[tuple[Site, str]]:
    """Each site with what the first trial puts there."""
    first = question.first()
    folds, seed = question.shape.folds, question.shape.seed
    own: dict[str, Value] = {"fold": 0, "folds": folds, "n_folds": folds} if folds else {}
    own |= {"seed": seed} if question.shape.repeats > 1 else {}
    sites = question.template.sites
    return list(zip(sites, question.template.after({**own, **first}), strict=True))


def print_preview(question: Question) -> None:
    """Show it to a person."""
    console = stdout()
    _print_space(question)
    for note in question.space.notes:
        console.print(note, markup=False)
    per_trial = question.shape.runs_per_trial
    runs = f" × {per_trial} = {count_words(question.runs, 'run')}" if per_trial > 1 else ""
    jobs = jobs_words(question.settings)
    chosen = question.chosen
    by = f", proposed by {chosen.name}" if chosen is not None else ""
    console.print(f"\n{count_words(question.trials, 'trial')}{runs}{by}, {jobs}, by "
                  f"{interpreter(question.settings)}\n", markup=False)  # fmt: skip
    print_table(
        console,
        [Column("name"), Column("where"), Column("rule"), Column("before"), Column("after")],
        [
            [site.name, _where(site.file, site.line), site.rule, _short(site.before), _short(after)]
            for site, after in sites_after(question)
        ],
    )
    _print_diff(question)


def _print_space(question: Question) -> None:
    """A row for each parameter; columns in which nothing stands are left out."""
    rows = []
    for parameter in question.space.parameters:
        one = summarise(parameter, question.settings.seed)
        count = f"{one.count:,}" if one.count is not None else "any"
        now = _short(_now(question, parameter))
        rows.append([one.name, one.kind, one.scale, count, one.values, now, one.condition])
    columns = [Column("name", keep=True), Column("kind", keep=True), Column("scale", keep=True)]
    columns += [Column("count", right=True, keep=True), Column("values", fold=True)]
    columns += [Column("in the script", fold=True), Column("only if", fold=True)]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    print_table(stdout(), columns, rows)


def _where(file: str, line: int) -> str:
    return f"{file}:{line}" if line else "arguments"


def _short(text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return first[:40] + (" …" if rest or len(first) > 40 else "")


def _print_diff(question: Question) -> None:
    console = stdout()
    values = question.first()
    rendering = render(question.template, values, question.shape, 0, 0)
    which = "trial 0" if question.chosen is None else "for example"
    console.print(f"\n{which}: {value_words(values)}", style="bold", markup=False)
    if rendering.argv:
        console.print("arguments: " + " ".join(rendering.argv), markup=False)
    for path, after in rendering.files.items():
        before = Path(question.workspace / path).read_bytes()
        console.print(diff_text(unified_diff(before, after, path)), end="")
