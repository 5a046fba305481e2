"""Strategies: what proposes trials."""

from hprun.strategies.making import make_strategy as make_strategy
from hprun.strategies.protocol import Known as Known
from hprun.strategies.protocol import Proposal as Proposal
from hprun.strategies.protocol import Stand as Stand
from hprun.strategies.protocol import Strategy as Strategy
