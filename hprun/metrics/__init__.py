"""Metrics: what a run wrote, which series a name means, and how trials rank by it."""

from hprun.metrics.names import direction_is_explicit as direction_is_explicit
from hprun.metrics.names import parse_metric as parse_metric
from hprun.metrics.ranking import Ranked as Ranked
from hprun.metrics.ranking import TrialScore as TrialScore
from hprun.metrics.ranking import better as better
from hprun.metrics.ranking import rank as rank
from hprun.metrics.ranking import score as score
from hprun.metrics.ranking import trial_score as trial_score
from hprun.metrics.reader import RunReader as RunReader
from hprun.metrics.reader import read_run as read_run
from hprun.metrics.readings import Ambiguous as Ambiguous
from hprun.metrics.readings import Candidate as Candidate
from hprun.metrics.readings import Missing as Missing
from hprun.metrics.readings import Reading as Reading
from hprun.metrics.readings import Resolved as Resolved
