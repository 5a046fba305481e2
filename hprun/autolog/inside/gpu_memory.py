"""Limits what a framework takes of each GPU, in the moment in which it first uses one.

Nothing here opens a device, and a script that never uses one pays nothing. What the script or its
environment says itself stands. A limit that cannot be set ends the run with a sentence.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

_MB = 1 << 20
_TORCH_SETTINGS = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
_JAX, _JAX_TOO = "XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION"
_JAX_ALLOCATOR = "XLA_PYTHON_CLIENT_ALLOCATOR"
_GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"


class Limit:
    """What this run may have: a `part` of each device or a `size` in bytes; None: what it likes.

    `least` is the part that is right for all devices, `totals` are their sizes in bytes by name,
    `jax` is what was put into JAX's variable, `grows` whether TensorFlow was told to take memory
    as it needs it. With `mps`, MPS keeps the limit too.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.part: float | None = settings.get("part")
        self.size: int | None = settings.get("size")
        self.least: float = settings.get("least", 1.0)
        self.totals: dict[str, int] = settings.get("totals", {})
        self.jax: str | None = settings.get("jax")
        self.grows = bool(settings.get("grows"))
        self._more = {"mps": True} if settings.get("mps") else {}
        self._record = Path(settings["record"])
        self._said = ""

    @property
    def asked(self) -> bool:
        """Whether there is a limit at all."""
        return self.part is not None or self.size is not None

    def part_of(self, total: int) -> float:
        """The part of a device of `total` bytes."""
        return self.part if self.part is not None else min(1.0, (self.size or 0) / total)

    def bytes_of(self, name: str) -> int:
        """The bytes of the device of this name; of one that is not known, of the smallest."""
        if self.part is None:
            return self.size or 0
        return int(self.part * self.totals.get(name, min(self.totals.values())))

    def note_own(self, framework: str) -> None:
        """Write down that the limit was set."""
        if self.part is not None:
            self.note(framework, part=self.part, **self._more)
        else:
            self.note(framework, size=self.size, **self._more)

    def note(self, framework: str, **facts: Any) -> None:
        """Append to the record; a full disk or missing folder is no reason to fail."""
        line = json.dumps({"event": "memory", "of": framework, **facts})
        if line != self._said:
            self._said = line
            with suppress(OSError), self._record.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    @contextmanager
    def or_end(self, framework: str) -> Iterator[None]:
        """End the run where a limit cannot be set; `except Exception` does not catch that."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever a framework raises
            if not self.asked:
                return
            raise SystemExit(
                f"hprun: the GPU memory of this run could not be limited: {framework} says"
                f" {type(error).__name__}: {error}"
            ) from None


def add_to(module: ModuleType, settings: str) -> None:
    """Have a framework limited, right after its import; `settings` is JSON. Raises SystemExit."""
    limit = Limit(json.loads(settings))
    with limit.or_end(module.__name__):
        _HOOKS[module.__name__](module, limit)


def _limit_torch(torch: Any, limit: Limit) -> None:
    """Have the fraction set when CUDA is initialized, before the script gets to use it."""
    if not limit.asked:
        return
    if any("per_process_memory_fraction" in os.environ.get(name, "") for name in _TORCH_SETTINGS):
        limit.note("torch", whose="environment")
        return
    cuda = torch.cuda
    set_fraction = cuda.set_per_process_memory_fraction

    def at_first_use() -> None:
        with limit.or_end("torch"):
            for device in range(cuda.device_count()):
                total = cuda.get_device_properties(device).total_memory
                set_fraction(limit.part_of(total), device)
        limit.note_own("torch")

    @functools.wraps(set_fraction)
    def by_script(fraction: float, device: Any = None) -> None:
        set_fraction(fraction, device)
        limit.note("torch", part=fraction, whose="script")

    cuda._lazy_call(at_first_use)  # noqa: SLF001 - as torch.cuda.manual_seed and others wait
    cuda.set_per_process_memory_fraction = by_script
    cuda.memory.set_per_process_memory_fraction = by_script


def _limit_tensorflow(tf: Any, limit: Limit) -> None:
    """Have limits set before TensorFlow makes its devices: for its eager context, or a session."""
    if not limit.asked and not limit.grows:
        return
    context: Any = importlib.import_module("tensorflow.python.eager.context").Context
    session: Any = importlib.import_module("tensorflow.python.client.session").BaseSession
    initialize, begin = context.ensure_initialized, session.__init__

    def settle() -> None:
        context.ensure_initialized = initialize
        with limit.or_end("tensorflow"):
            _settle_tensorflow(tf, limit)

    @functools.wraps(initialize)
    def ensure_initialized(self: Any) -> None:
        settle()
        initialize(self)

    @functools.wraps(begin)
    def init(self: Any, target: Any = "", graph: Any = None, config: Any = None) -> None:
        session.__init__ = begin
        if config is None:
            settle()
        elif limit.asked:
            config = _settled_session(config, limit)
        begin(self, target, graph, config)

    context.ensure_initialized, session.__init__ = ensure_initialized, init


def _settle_tensorflow(tf: Any, limit: Limit) -> None:
    devices = tf.config.get_visible_devices("GPU")
    if not devices:
        return
    if not limit.asked:
        limit.note("tensorflow", grows=True)
        return
    if any(tf.config.experimental.get_memory_growth(device) for device in devices):
        # A device with a limit forgets that it was to grow, but heeds the variable.
        os.environ.setdefault(_GROWTH, "true")
    for device in devices:
        if tf.config.get_logical_device_configuration(device):
            limit.note("tensorflow", whose="script")
            continue
        name = ""
        if len(set(limit.totals.values())) > 1:
            name = tf.config.experimental.get_device_details(device).get("device_name", "")
        most = tf.config.LogicalDeviceConfiguration(memory_limit=limit.bytes_of(name) // _MB)
        tf.config.set_logical_device_configuration(device, [most])
        limit.note_own("tensorflow")


def _settled_session(config: Any, limit: Limit) -> Any:
    """The settings of a session, as TensorFlow 1 had them, with the limit where they have none."""
    options = config.gpu_options
    if options.per_process_gpu_memory_fraction or options.experimental.virtual_devices:
        limit.note("tensorflow", whose="script")
        return config
    limited = type(config)()
    limited.CopyFrom(config)
    limited.gpu_options.per_process_gpu_memory_fraction = limit.least
    limit.note_own("tensorflow")
    return limited


def _limit_jax(_jax: Any, limit: Limit) -> None:
    """See to it, when JAX looks for devices, that the variable is ours or the script's alone."""
    bridge: Any = importlib.import_module("jax._src.xla_bridge")
    look: Callable[[], Any] = bridge.backends

    @functools.wraps(look)
    def backends() -> Any:
        bridge.backends = look
        ours = limit.jax is not None and os.environ.get(_JAX) == limit.jax
        if ours and _JAX_TOO in os.environ:  # with both it would not start
            del os.environ[_JAX]
            ours = False
        found = look()
        if "cuda" in found:
            with limit.or_end("jax"):
                _note_jax(limit, ours=ours)
        return found

    bridge.backends = backends


def _note_jax(limit: Limit, *, ours: bool) -> None:
    if limit.asked and os.environ.get(_JAX_ALLOCATOR, "").lower() == "platform":
        raise ValueError(f"{_JAX_ALLOCATOR}=platform takes memory without a limit")
    if limit.asked and ours:
        limit.note_own("jax")
    elif limit.asked:
        limit.note("jax", whose="environment")
    elif limit.grows:
        limit.note("jax", grows=True)


_HOOKS = {"torch": _limit_torch, "tensorflow": _limit_tensorflow, "jax": _limit_jax}
