"""Starting attempts, finding them again, ending them."""

from hprun.executors.local import Launch, LocalExecutor

__all__ = ["Launch", "LocalExecutor"]
