"""Settings of a search: from flags, the environment and hprun.toml to one frozen thing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from hprun.dataclass import dataclass
from hprun.errors import ConfigError
from hprun.identity import digest_text

FILE = "hprun.toml"
STRATEGY = "search, as a word"
"""Where `read_file` puts the strategy of a file, since `search` holds the searches there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a search asks and how it is to run; the option of the same name sets each field.

    `script` is relative to the workspace. Times are in seconds and sizes in bytes; 0 is no limit.
    `cv` 0 means no cross-validation. `jobs` is a number, `auto`, or 0: `auto` where there is a GPU.
    """

    script: str = ""
    args: tuple[str, ...] = ()
    hp: tuple[str, ...] = ()
    search: str = ""
    trials: int = 0
    trial: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    stop_folds: str = ""
    metric: str = ""
    direction: str = ""
    cv: int = 0
    repeats: int = 1
    seed: int = 0
    jobs: int | str = 0
    gpus: str = ""
    sub: tuple[str, ...] = ()
    substitute: str = "auto"
    link: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    python: str = ""
    timeout: float = 0.0
    for_: float = 0.0
    until: str = ""
    patience: int = 0
    grace: float = 10.0
    checkpoint: str = "auto"
    autolog: bool = True
    start: str = "auto"
    share_prefix: bool = False
    max_retries: int = 0
    fail_fast: bool = False
    max_log: float = 50e6
    min_free: float = 500e6
    on_finish: str = ""

    def key(self, workspace: str, specs: Sequence[str]) -> str:
        """The hash of the question: what is asked of which script, not how it is run or ranked.

        `workspace` is its path relative to the cache: two projects may share one.
        """
        asked = (workspace, self.script, *self.args, "", *specs, "", *self.sub, self.substitute)
        if self.search or self.trial or self.trials:
            asked = (*asked, "search", self.search, *self.trial)
        if self.from_:  # whose scores were of this metric
            asked = (*asked, "from", *self.from_, self.metric, self.direction)
        return digest_text(*asked, str(self.cv), str(self.repeats), str(self.seed))

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """As the store kept it; what an older hprun did not know has its default."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data.items()
            if name in known
        }
        return cls(**values)


def read_file(folder: Path) -> dict[str, Any]:
    """What `hprun.toml`, or else `[tool.hprun]` in pyproject.toml, says in `folder`.

    Named searches are under `search`, a strategy for all of them under `STRATEGY`.
    Raises ConfigError for a file that is no TOML, or keys that mean nothing.
    """
    for name, table in ((FILE, None), ("pyproject.toml", "tool")):
        path = folder / name
        if not path.is_file():
            continue
        data = _load(path)
        if table is not None:
            data = data.get(table, {}).get("hprun")
            if data is None:
                continue
        searches = data.pop("search", {})
        strategy = {}
        if isinstance(searches, str):  # of a file that holds no named searches
            strategy, searches = {STRATEGY: searches}, {}
        if not isinstance(searches, dict) or not all(
            isinstance(v, dict) for v in searches.values()
        ):
            raise ConfigError(
                f"{path.name}: each search is a table, [search.NAME], and a strategy a string."
            )
        if not isinstance(data.get("cache", ""), str):
            raise ConfigError(f"{path.name}: cache must be a string.")
        _check_keys(data, path)
        for key, one in searches.items():
            _check_keys(one, path, f"search.{key}.")
        return {**data, **strategy, "search": searches}
    return {}


def top_level(data: Mapping[str, Any]) -> dict[str, Any]:
    """What `read_file` found beside the tables `[search.NAME]`, as settings."""
    top = {key: value for key, value in data.items() if key not in ("search", STRATEGY)}
    return {**top, "search": data[STRATEGY]} if STRATEGY in data else top


def choose(data: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """One search out of a file: the top level, with the table `[search.NAME]` over it.

    Without a name the file must hold just one. Raises ConfigError.
    """
    searches: Mapping[str, Any] = data.get("search", {})
    top = top_level(data)
    if name is None and len(searches) == 1 and "script" not in top:
        name = next(iter(searches))
    if name is None:
        if searches and "script" not in top:
            names = ", ".join(searches)
            raise ConfigError(
                f"{FILE} holds several searches: {names}.", hint="Name one: `hprun run NAME`."
            )
        return top
    own = searches[name]
    return {**top, **own, "hp": {**top.get("hp", {}), **own.get("hp", {})}}


def spec_strings(hp: Any, where: str = FILE) -> tuple[str, ...]:
    """The table `[hp]` as `NAME=SPEC` strings; a list is the list of its values."""
    if not isinstance(hp, dict):
        raise ConfigError(f"{where}: hp must be a table of NAME = SPEC.")
    return tuple(f"{name}={_spec(value, f'{where}: hp.{name}')}" for name, value in _flat(hp))


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """`Config.lr = …` is a table within a table to TOML."""
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((before + name, value))
    return found


def _spec(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return repr(value)
    plain = bool | int | float | str
    if isinstance(value, list) and value and all(isinstance(item, plain) for item in value):
        return ",".join(repr(item) for item in value)
    raise ConfigError(f"{where}: a spec is a string, a value, or a list of values.")


def _load(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is no TOML: {error}.") from error
    return data


def setting_name(key: str) -> str:
    """The field that a key of a file sets: `for` and `from` are words of Python's own."""
    name = key.replace("-", "_")
    return f"{name}_" if name in ("for", "from") else name


def _check_keys(data: Mapping[str, Any], path: Path, before: str = "") -> None:
    known = [field.name for field in fields(Settings)]
    for key in data:
        if setting_name(key) not in known and key != "cache":
            import difflib

            near = difflib.get_close_matches(key, known, 1)
            raise ConfigError(
                f"{path.name}: {before}{key} is no setting.",
                hint=f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}.",
            )


def cache_folder(flag: str | None, file: Mapping[str, Any]) -> Path:
    """Where the cache is: flag over HPRUN_CACHE over file over `cache` here."""
    chosen = flag or os.environ.get("HPRUN_CACHE") or file.get("cache") or "cache"
    return Path(os.path.abspath(chosen))  # noqa: PTH100 - not resolved: links stay as named


def jobs_default() -> int:
    """How many runs at once when nobody says: the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


AUTO = "auto"
"""What `jobs` is where it is to be found out how many runs at once are worth it."""


def slots_of(jobs: int | str) -> int:
    """How many runs at once a setting of `jobs` allows, where there is no GPU."""
    return jobs if isinstance(jobs, int) and jobs else jobs_default()
