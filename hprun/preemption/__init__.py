"""What a cloud does to its machines: notices that one is taken back, and files for its boot."""

from hprun.preemption.watcher import Watcher, watch

__all__ = ["Watcher", "watch"]
