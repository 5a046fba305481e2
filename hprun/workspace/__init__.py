"""Freezing the user's folder once per search, and copying it for each run."""

from hprun.workspace.copying import copy_workspace
from hprun.workspace.listing import Listing, list_workspace, reader
from hprun.workspace.snapshot import Snapshot, freeze

__all__ = ["Listing", "Snapshot", "copy_workspace", "freeze", "list_workspace", "reader"]
