"""Which statements of a script may run once for all trials."""

from hprun.script.prefix.analysis import Prefix as Prefix
from hprun.script.prefix.analysis import prefix_of as prefix_of
from hprun.script.prefix.analysis import shared_prefix as shared_prefix
