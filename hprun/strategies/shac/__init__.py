"""SHAC: a cascade of classifiers that halves the space again and again (arXiv 1805.10255)."""

from hprun.strategies.shac.strategy import Shac as Shac
from hprun.strategies.shac.strategy import known_table as known_table
