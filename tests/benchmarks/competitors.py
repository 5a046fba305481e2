"""Who takes part: the floor, hprun, and the peers, each as a command in a folder of its own."""

from __future__ import annotations

import functools
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measuring import Task

_HERE = Path(__file__).parent
LOW, HIGH = 1e-5, 0.1  # of lr, which all of them search
FLOOR = "xargs -P2"
COLD, WARM = "hprun --start cold", "hprun --start warm"


@dataclass(frozen=True)
class Bench:
    """A search to be made: this many trials of a script of `workloads/`, in an empty folder."""

    workload: str
    trials: int
    folder: Path

    @property
    def project(self) -> Path:
        """Where the script is."""
        return self.folder / "project"

    @property
    def script(self) -> str:
        """Its name there."""
        return f"{self.workload}.py"

    @property
    def ended(self) -> Path:
        """Where each trial leaves a line when it ends."""
        return self.folder / "ended"

    def prepare(self) -> None:
        """Make the folders, and copy the script."""
        self.project.mkdir(parents=True)
        text = (_HERE / "workloads" / self.script).read_text("utf-8")
        (self.project / self.script).write_text(text, "utf-8")

    def values(self) -> list[float]:
        """The values of lr for those who cannot make them: even by log."""
        ratio = HIGH / LOW
        return [LOW * ratio ** (n / max(1, self.trials - 1)) for n in range(self.trials)]

    def task(self, command: Sequence[str], **more: object) -> Task:
        """A command in the project; what it says is kept beside."""
        where = {"ended": str(self.ended), "output": str(self.folder / "said")}
        return Task(command, str(self.project), **(where | more))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Competitor:
    """One way to run a search; `task` says how.

    `inside` says that trials share a process, so that a crash of one is a crash of all. `slow`
    ones make a quarter of the trials.
    """

    name: str
    task: Callable[[Bench], Task]
    inside: bool = False
    slow: bool = False
    at_once: int = 2


@dataclass(frozen=True)
class Peer:
    """A peer as it is installed: a virtual environment with packages, and modes of one driver.

    One without modes runs no trials of ours; it is asked for proposals only, see searchers.py.
    """

    folder: str
    packages: tuple[str, ...]
    driver: str
    modes: tuple[tuple[str, str, int], ...]  # what it is called, the driver's argument, at once
    inside: bool = False
    slow: bool = False
    borrows: str = "keras_digits"  # the workloads for which it needs our packages
    keras_folder: str = ""  # where it cannot have them in the same environment

    def python(self, environments: Path, workload: str = "") -> Path:
        """The interpreter that drives it."""
        keras = self.keras_folder and workload == "keras_digits"
        return environments / (self.keras_folder if keras else self.folder) / "bin" / "python"


PEERS = (
    Peer("optuna", ("optuna",), "with_optuna.py", (("Optuna + subprocess", "", 2),), borrows=""),
    Peer("ray", ("ray[tune]", "numpy"), "with_ray.py", (("Ray Tune", "", 2),), inside=True),
    Peer(
        "keras-tuner",
        ("keras-tuner",),
        "with_keras_tuner.py",
        (("keras-tuner", "", 1),),
        inside=True,
        borrows="noop numpy_alone keras_digits",  # it imports TensorFlow itself
    ),
    Peer(
        "hydra",
        ("hydra-core", "hydra-joblib-launcher", "numpy"),
        "with_hydra.py",
        (("Hydra, basic", "basic", 1), ("Hydra, joblib", "joblib", 2)),
        inside=True,
    ),
    Peer("orion", ("orion", "typing_extensions"), "with_orion.py", (("Orion", "", 2),), slow=True,
         borrows=""),
    Peer(
        "guild",
        ("guildai", "setuptools", "numpy"),
        "with_guild.py",
        (("Guild AI, batch", "batch", 1), ("Guild AI, 2 queues", "queues", 2)),
        slow=True,
        borrows="",
        keras_folder="guild-keras",
    ),
    Peer("hyperopt", ("hyperopt", "setuptools"), "search_with_hyperopt.py", (), inside=True),
    Peer("pyshac", ("pyshac",), "search_with_pyshac.py", (), inside=True),
)  # fmt: skip


def own() -> list[Competitor]:
    """The floor and hprun, which is asked what it can do."""
    found = [Competitor(FLOOR, _xargs)]
    starts = ("cold", "warm") if "--start" in _hprun_help() else ("",)
    for start in starts:
        flags = ("--start", start) if start else ()
        name = f"hprun --start {start or 'cold'}"
        found.append(Competitor(name, functools.partial(_hprun, flags=flags)))
    return found


def installed(environments: Path | None) -> list[Competitor]:
    """The peers that are there."""
    if environments is None:
        return []
    return [
        Competitor(
            name,
            functools.partial(_peer, peer=peer, environments=environments.absolute(), mode=mode),
            peer.inside,
            peer.slow,
            at_once,
        )
        for peer in PEERS
        if peer.python(environments).exists()
        for name, mode, at_once in peer.modes
    ]


def missing(environments: Path | None) -> list[str]:
    """The names of the peers that are not there."""
    return [
        name
        for peer in PEERS
        if environments is None or not peer.python(environments).exists()
        for name, _, _ in peer.modes
    ]


def versions(environments: Path | None) -> dict[str, str]:
    """The version of each peer that is there."""
    code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    return {
        package: subprocess.run(
            [peer.python(environments), "-c", code, package],
            capture_output=True, text=True, check=True,
        ).stdout.strip()
        for peer in PEERS
        if environments is not None and peer.python(environments).exists()
        for package in [peer.packages[0].partition("[")[0]]
    }  # fmt: skip


@functools.cache
def _hprun_help() -> str:
    command = [sys.executable, "-m", "hprun", "run", "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def hprun_command(bench: Bench, flags: Sequence[str], *specs: str) -> list[str]:
    """The search as a user asks hprun for it."""
    asked = [word for spec in specs for word in ("--hp", spec)]
    metric = ("--metric", "loss:min")
    return [sys.executable, "-m", "hprun", "run", "-j", "2", *flags, *asked, *metric, bench.script]


def _hprun(bench: Bench, flags: Sequence[str] = ()) -> Task:
    return bench.task(hprun_command(bench, flags, f"lr={LOW}:l{bench.trials}:{HIGH}"))


def _xargs(bench: Bench) -> Task:
    """The same script with its value as an argument, and logs that do not mix."""
    script = bench.project / "with_argument.py"
    script.write_text(
        (bench.project / bench.script)
        .read_text("utf-8")
        .replace("lr = 0.01", "import sys\n\nlr = float(sys.argv[1])", 1)
        .replace('logs = "logs"', 'logs = f"logs/{lr}"', 1),
        "utf-8",
    )
    values = bench.folder / "values"
    values.write_text("".join(f"{value}\n" for value in bench.values()), "utf-8")
    command = ["xargs", "-P2", "-n1", sys.executable, script.name]
    return bench.task(command, input=str(values))


def _peer(bench: Bench, peer: Peer, environments: Path, mode: str) -> Task:
    python = str(peer.python(environments, bench.workload))
    driver = str(_HERE / "peers" / peer.driver)
    environment = {"TRIAL_PYTHON": sys.executable}
    if bench.workload in peer.borrows.split():
        # Trials run in the peer's own process, and train with the packages that all train with.
        environment["PYTHONPATH"] = sysconfig.get_path("purelib")
    command = [python, driver, bench.script, str(bench.trials), *([mode] if mode else [])]
    return bench.task(command, environment=environment)
