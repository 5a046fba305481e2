"""What turns a place in the queue into a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hprun.autolog import parse_checkpoint, studio_path
from hprun.dataclass import dataclass
from hprun.engine.gpu_memory import GpuMemory
from hprun.engine.interpreter import interpreter
from hprun.engine.plan import Shape
from hprun.engine.question import Question
from hprun.engine.run_environment import base_env
from hprun.errors import WorkspaceError
from hprun.identity import digest_files
from hprun.paths import Cache
from hprun.script import Template
from hprun.workspace import Listing, Snapshot, freeze, list_workspace


@dataclass(frozen=True, slots=True)
class Work:
    """What turns a place into a process: `snapshot` freezes the workspace when first called.

    `checkpoint` is after how many epochs trainings are saved that do not save themselves, `auto`
    or `off`; None adds nothing to the script's process. `limits` are what its process is told of
    the memory of GPUs; None if nothing.
    """

    template: Template
    shape: Shape
    interpreter: str
    env: Mapping[str, str]
    checkpoint: int | str | None
    snapshot: Callable[[], Snapshot]
    limits: Mapping[str, Any] | None = None


def work(
    question: Question,
    cache: Cache,
    say: Callable[[str], None],
    more: Mapping[str, str],
    memory: GpuMemory,
) -> Work:
    """What starts runs: the workspace is frozen when the first one is started; `more` is for
    their environment, and `memory` what they are told of that of GPUs.
    """
    frozen: list[Snapshot] = []

    def snapshot() -> Snapshot:
        if not frozen:
            frozen.append(_freeze(question, cache, say))
        return frozen[0]

    env = base_env({**more, **memory.env})
    return Work(
        template=question.template,
        shape=question.shape,
        interpreter=interpreter(question.settings),
        env=env | studio_path(env) if question.for_studio else env,
        limits=memory.limits,
        checkpoint=parse_checkpoint(question.settings.checkpoint)
        if question.settings.autolog
        else None,
        snapshot=snapshot,
    )


def _freeze(question: Question, cache: Cache, say: Callable[[str], None]) -> Snapshot:
    listing: Listing = list_workspace(
        question.workspace, cache=cache.root, link=question.settings.link
    )
    for path, target in listing.links:
        if target.startswith("/"):
            say(f"{path} is a link to {target}: all runs share it")
    snapshot = freeze(listing, cache.snapshots)
    for path, digest in question.digests.items():
        copy = snapshot.folder / path
        if copy.exists() and digest_files({path: copy.read_bytes()}) != digest:
            raise WorkspaceError(
                f"{path} was changed while hprun was reading it.", hint="Start again."
            )
    return snapshot
