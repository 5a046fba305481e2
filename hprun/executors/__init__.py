"""Starting attempts, finding them again, ending them."""

from hprun.executors.local import Launch, LocalExecutor
from hprun.executors.warm_starts import WarmStarts

__all__ = ["Launch", "LocalExecutor", "WarmStarts"]
