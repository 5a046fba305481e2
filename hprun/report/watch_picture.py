"""The picture of a search that is watched: at most as many lines and columns as the terminal has."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hprun.dataclass import dataclass
from hprun.model import Direction, Metric
from hprun.report.curve_column import has_room, natural_width
from hprun.report.ranking_table import value_names
from hprun.report.rich_console import make_table
from hprun.report.sparkline import CURVE, sparkline
from hprun.report.watching import Row, View, arranged, window
from hprun.report.words import time_words, value_words
from hprun.report.words_in_colour import GAP, Coloured, Column, state_text


@dataclass(frozen=True, slots=True)
class Standing:
    """How a search stands; `left` and `elapsed` in seconds. The last ones are words to be shown."""

    name: str
    state: str
    metric: Metric | None
    total: int
    running: int
    queued: int
    failed: int
    elapsed: float
    left: float | None
    best: str
    machine: str

    @property
    def direction(self) -> Direction | None:
        """Which scores are better."""
        return self.metric.direction if self.metric else None


def picture(
    standing: Standing, rows: Sequence[Row], view: View, log: Sequence[str], width: int, height: int
) -> Group:
    """What is drawn; `log` are the last lines of the selected run's log."""
    head = [_counts(standing), Text(standing.best, style="green"), Text(standing.machine, "dim")]
    head = [text for text in head if text.plain][: max(1, height - 3)]
    foot = _keys(view, standing)
    room = max(1, height - len(head) - 1)
    if view.log is not None:
        printed = list(log)[-room:] or ["It has printed nothing so far."]
        body: list[Text | Table] = [Text(line) for line in printed]
    else:
        shown = arranged(rows, view, standing.direction)
        body = [_table(shown, view, standing.metric, width, room)]
    lines = [*head, *body, foot]
    for line in lines:
        if isinstance(line, Text):
            line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines)


def _counts(standing: Standing) -> Text:
    done = standing.total - standing.running - standing.queued
    text = Text.assemble((standing.name, "bold"), "  ", state_text(standing.state).__rich__())
    text.append(f"  {done}/{standing.total} done, {standing.running} running")
    if standing.failed:
        text.append(f", {standing.failed} failed", style="red")
    text.append(f"  {time_words(standing.elapsed)}", style="dim")
    if standing.left is not None:
        text.append(f", about {time_words(standing.left)} left", style="dim")
    return text


def _keys(view: View, standing: Standing) -> Text:
    if view.asking is not None:
        return Text(
            f"Stop trial {view.asking} of {standing.name} for good? y/n", style="bold yellow"
        )
    if view.typing:
        return Text(f"only rows with: {view.wanted}▏  enter: keep, esc: all", style="bold")
    if view.log is not None:
        return Text("any key: back   q: quit", style="dim")
    wanted = f" ({view.wanted})" if view.wanted else ""
    words = (
        f"↑↓ select   s: sort (by {view.order})   /: filter{wanted}   l: log   x: stop   q: quit"
    )
    return Text(words, style="dim")


def _table(rows: Sequence[Row], view: View, metric: Metric | None, width: int, room: int) -> Table:
    """The rows around the selected one, as many as there is room for below the titles."""
    selected = min(view.selected, len(rows) - 1)
    first, end = window(len(rows), selected, room - 1)
    shown = rows[first:end]
    columns, cells = _columns(shown, metric, width)
    table = make_table(columns, cells, width)
    if rows:
        table.rows[selected - first].style = "reverse"
    return table


def _columns(
    rows: Sequence[Row], metric: Metric | None, width: int
) -> tuple[list[Column], list[list[str | Coloured]]]:
    ends = [Column("time", right=True, keep=True), Column("state", keep=True)]
    parts = any(row.part for row in rows)
    names = value_names(rows)
    columns = [Column("trial", right=True, keep=True)]
    columns += [Column("run", right=True, keep=True)] if parts else []
    begin = len(columns)
    columns += [Column(metric.name if metric else "metric", right=True, keep=True)]
    columns += ends
    cells: list[list[str | Coloured]] = []
    for row in rows:
        cell: list[str | Coloured] = [str(row.trial), *([row.part] if parts else [])]
        took = time_words(row.seconds) if row.state != "queued" else "-"
        cells.append([*cell, row.metric, took, state_text(row.state)])
    values = [[str(row.values[n]) if n in row.values else "-" for n in names] for row in rows]
    taken = natural_width(columns, cells) + natural_width([Column(n) for n in names], values)
    if has_room(taken, width):
        columns.insert(begin + 1, Column("curve", keep=True))
        for cell, row in zip(cells, rows, strict=True):
            cell.insert(begin + 1, sparkline(row.curve, CURVE))
        taken += GAP + CURVE
    if taken > width and names:  # all in one column, which is cut
        names, values = ["values"], [[value_words(row.values)] for row in rows]
    columns[begin:begin] = [
        Column(name, right=len(names) > 1 or name != "values") for name in names
    ]
    for cell, of_row in zip(cells, values, strict=True):
        cell[begin:begin] = of_row
    return columns, cells
