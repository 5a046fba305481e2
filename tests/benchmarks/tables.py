"""Rows of figures become Markdown that reads well on a terminal too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]

_WORKLOADS = {
    "noop": "Trials that import nothing",
    "numpy_alone": "Trials that only import numpy",
    "keras_digits": "Short Keras trainings",
}


def markdown(measured: Mapping[str, Any]) -> str:
    """Everything that was measured, as one text."""
    return "\n".join(_text(measured)) + "\n"


def _text(measured: Mapping[str, Any]) -> Iterator[str]:
    machine, sections = measured["machine"], measured["sections"]
    yield (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores,"
        f" Linux {machine['kernel']}, Python {machine['python']}."
    )
    yield _versions(measured)
    if measured["cpu_by"]:
        yield (
            f"CPU by {measured['cpu_by']}. Other processes took {measured['others']:.0%} of the"
            " machine meanwhile."
        )
    for rows in (sections.get("noop", []), sections.get("keras", [])):
        for workload in dict.fromkeys(row["workload"] for row in rows):
            yield from _trials(workload, [row for row in rows if row["workload"] == workload])
    if rows := sections.get("restart"):
        yield from _titled("The same command again", _RESTART, rows)
    if rows := sections.get("reader"):
        yield from _titled("Reading event files", _READER, rows)
    if rows := sections.get("scale"):
        asked = [row for row in rows if "runs" not in row]
        yield from _titled("Large searches", _SCALE, asked)
        prices = [row for row in rows if "runs" in row]
        yield from _titled("What the coordinator takes for each run", _PRICE, prices)
    yield from _strategies(sections.get("strategies", []))
    if rows := sections.get("stopping"):
        searches = [row for row in rows if "stopper" in row]
        yield from _titled("Stopping early", _STOPPING, searches)
        signals = [row for row in rows if "active" in row]
        yield from _titled("From a value on disk to the signal", _SIGNALS, signals)
    if rows := sections.get("at-once"):
        yield from _titled("How many at once, short Keras trainings", _AT_ONCE, rows)
    if measured["goals"]:
        yield from _titled("Goals", _GOALS, measured["goals"])


def _versions(measured: Mapping[str, Any]) -> str:
    versions = {**measured["machine"]["versions"], **measured["peers"]}
    return ", ".join(f"{name} {version}" for name, version in versions.items()) + "."


def _trials(workload: str, rows: Sequence[Row]) -> Iterator[str]:
    yield from _titled(_WORKLOADS[workload], _TRIALS, rows)


def _strategies(rows: Sequence[Row]) -> Iterator[str]:
    found = [row for row in rows if "bests" in row]
    for problem in dict.fromkeys(row["problem"] for row in found):
        of_it = [row for row in found if row["problem"] == problem]
        columns = [*_FOUND, *map(_best, of_it[0]["bests"]), ("→CPU s", _number("cpu_s", 0))]
        seeds = of_it[0]["seeds"]
        yield from _titled(
            f"Lowest of {problem}, median [quartiles] of {seeds} seeds", columns, of_it
        )
    if found:
        counts = " · ".join(str(count) for count in found[0]["bests"])
        title = f"All of them: the median lowest after {counts} evaluations"
        yield from _titled(title, *_side_by_side(found))
    if tests := [row for row in rows if "compared" in row]:
        yield from _titled("hprun beside Optuna's own, Mann and Whitney's test", _TESTED, tests)


def _side_by_side(found: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Row]]:
    """A row for each who searched and a column for each problem."""
    problems = dict.fromkeys(row["problem"] for row in found)
    who = {(row["by"], row["strategy"]): row for row in found}

    def column(problem: str) -> Column:
        def cell(row: Row) -> str:
            same = [one for one in found if one["problem"] == problem
                    and (one["by"], one["strategy"]) == (row["by"], row["strategy"])]  # fmt: skip
            return _middles(same[0]) if same else ""

        return f"→{problem}", cell

    return [*_FOUND, *map(column, problems)], list(who.values())


def _middles(row: Row) -> str:
    few = min(filter(None, map(len, row["bests"].values())), default=0)
    text = " · ".join(
        f"{median(one):#.3g}" if len(one) > 1 else "–" for one in row["bests"].values()
    )
    return text if few == row["seeds"] else f"{text} ({few} seeds)"


def _best(count: Any) -> Column:
    def cell(row: Row) -> str:
        bests = row["bests"][count]
        if len(bests) < 2:
            return ""
        low, middle, high = quantiles(bests, n=4, method="inclusive")
        few = f" ({len(bests)} seeds)" if len(bests) < row["seeds"] else ""
        return f"{middle:.4g} [{low:.4g}, {high:.4g}]{few}"

    return f"→after {count}", cell


def _titled(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    there = [row for row in rows if not row.get("missing")]
    yield from ("", f"### {title}", "", *_table(columns, there))
    if absent := [row["competitor"] for row in rows if row.get("missing")]:
        yield from ("", f"Not installed, so not measured: {'; '.join(absent)}.")


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """Columns that begin with a right arrow are numbers."""
    cells = [[name.lstrip("→") for name, _ in columns]]
    cells += [[cell(row) for _, cell in columns] for row in rows]
    right = [name.startswith("→") for name, _ in columns]
    widths = [max(3, *(len(line[n]) for line in cells)) for n in range(len(columns))]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    return [
        "| "
        + " | ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        )
        + " |"
        for line in (cells[0], rule, *cells[1:])
    ]


def _name(row: Row) -> str:
    notes = []
    if row.get("own_process") is False:
        notes.append("in its process")
    if row.get("at_once") == 1:
        notes.append("one at a time")
    return row["competitor"] + (f" ({', '.join(notes)})" if notes else "")


def _number(name: str, digits: int = 2, factor: float = 1.0) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        value = row.get(name)
        return "" if value is None else f"{value * factor:,.{digits}f}"

    return cell


def _count(row: Row) -> str:
    ended, trials = row["ended"], row["trials"]
    return str(trials) if ended >= trials else f"{ended} of {trials}"


def _seconds(name: str, timed_out: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        return f"over {row[name]:.0f}" if row[timed_out] else f"{row[name]:.2f}"

    return cell


_TRIALS: Sequence[Column] = (
    ("two trials at once", _name),
    ("→trials", _count),
    ("→seconds", _number("seconds")),
    ("→ms per trial", _number("seconds_per_trial", 1, 1000)),
    ("→× floor", _number("seconds_per_trial_to_floor")),
    ("→CPU ms per trial", _number("cpu_s_per_trial", 1, 1000)),
    ("→× floor", _number("cpu_s_per_trial_to_floor")),
    ("→measured", lambda row: f"{len(row['repetitions'])}×"),
)
_RESTART: Sequence[Column] = (
    ("", _name),
    ("→all done: seconds", _seconds("again_seconds", "again_timed_out")),
    ("→trials run again", lambda row: f"{row['again_ran']} of {row['trials']}"),
    ("→after kill -9: seconds", _seconds("after_kill_seconds", "after_kill_timed_out")),
    ("→run again", _number("finished_ran_again", 0)),
    ("→never ended", lambda row: f"{row['never_ended']} of {row['killed_trials']}"),
)
_READER: Sequence[Column] = (
    ("data", lambda row: str(row["data"])),
    ("reader", lambda row: str(row["reader"])),
    ("→seconds", _number("seconds")),
    ("→events/s", _number("events_per_s", 0)),
    ("→peak MB", _number("peak_rss_mb", 0)),
    ("→speed × data server", _number("ratio_to_rust")),
    ("→speed × EventAccumulator", _number("ratio_to_event_accumulator", 1)),
)
_SCALE: Sequence[Column] = (
    ("→trials", lambda row: f"{row['trials']:,}"),
    ("what", lambda row: str(row["what"])),
    ("→seconds", _number("seconds", 3)),
    ("→CPU s", _number("cpu_s", 3)),
    ("→peak MB", _number("peak_mb", 0)),
)
_PRICE: Sequence[Column] = (
    ("→trials", lambda row: f"{row['trials']:,}"),
    ("what", lambda row: str(row["what"])),
    ("→coordinator's CPU ms", _number("coordinator_cpu_ms_per_run")),
    ("→ms from run to run", _number("ms_per_run", 1)),
    ("→over runs", _number("runs", 0)),
    ("→peak MB", _number("peak_mb", 0)),
)
_FOUND: Sequence[Column] = (
    ("by", lambda row: str(row["by"])),
    ("strategy", lambda row: str(row["strategy"])),
)
_TESTED: Sequence[Column] = (
    ("strategy", lambda row: str(row["compared"])),
    ("on", lambda row: str(row["problem"])),
    ("→after", _number("after", 0)),
    ("→seeds", lambda row: " and ".join(map(str, row["seeds"]))),
    ("→hprun", _number("ours", 4)),
    ("→Optuna", _number("theirs", 4)),
    ("→p", _number("p", 3)),
)
_STOPPING: Sequence[Column] = (
    ("`--stop`", lambda row: str(row["stopper"])),
    ("→trials", _number("trials", 0)),
    ("→epochs", _number("epochs", 0)),
    ("→of all", lambda row: f"{row['of_all']:.0%}"),
    ("→best trial", _number("best_trial", 0)),
    ("→its val_loss", _number("best", 4)),
    ("→s", _number("seconds", 1)),
)
_AT_ONCE: Sequence[Column] = (
    ("`-j`", lambda row: str(row["jobs"])),
    ("→trials", _number("searched", 0)),
    ("→s", _number("seconds", 1)),
    ("→each", lambda row: ", ".join(f"{seconds:.1f}" for seconds in row["times"])),
)
_SIGNALS: Sequence[Column] = (
    ("→active runs", _number("active", 0)),
    ("→times", _number("runs", 0)),
    ("→median s", _number("median_s")),
    ("→longest s", _number("most_s")),
)
_GOALS: Sequence[Column] = (
    ("goal", lambda row: str(row["what"])),
    ("→measured", _number("value", 3)),
    ("→at most", _number("limit", 3)),
    ("", lambda row: "met" if row["met"] else "NOT MET"),
)
