"""Stoppers: what ends a run early by looking at curves. Pure."""

from hprun.stoppers.board import Board as Board
from hprun.stoppers.making import make_fold_stopper as make_fold_stopper
from hprun.stoppers.making import make_stopper as make_stopper
from hprun.stoppers.protocol import Seen as Seen
from hprun.stoppers.protocol import Stopper as Stopper
from hprun.stoppers.tracks import Track as Track
from hprun.stoppers.tracks import Tracker as Tracker
