"""A search's history as Optuna's samplers read it: a storage that holds what it is given.

Nothing is written anywhere, nothing is pickled, and nothing is copied: a study over thousands of
trials costs no more than the list of them.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

STUDY = 0
NAME = "search"


class History(BaseStorage):
    """One study: trials that stand fast, and after them the ones that are asked for."""

    def __init__(self, trials: Sequence[FrozenTrial], direction: StudyDirection) -> None:
        self._past = trials
        self._asked: dict[int, FrozenTrial] = {}
        self._next = max((trial.number for trial in trials), default=-1) + 1
        self._direction = direction

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The trials of these states. They are never copied: samplers do not change them."""
        trials = [*self._past, *self._asked.values()]
        return trials if states is None else [one for one in trials if one.state in states]

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """The trial of that id, which is its number; only those asked for are looked at."""
        return self._asked[trial_id]

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Room for the trial that is asked for."""
        number = self._next
        self._next += 1
        self._asked[number] = frozen_trial(number, TrialState.RUNNING, None, {}, {})
        return number

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Keep what was drawn for a parameter of the trial that is asked for."""
        trial = self._asked[trial_id]
        trial.params[param_name] = distribution.to_external_repr(param_value_internal)
        trial.distributions[param_name] = distribution

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep what a sampler writes down for itself."""
        self._asked[trial_id].system_attrs[key] = value

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Low or high."""
        return [self._direction]

    def get_study_id_from_name(self, study_name: str) -> int:
        """The one there is."""
        return STUDY

    def get_study_name_from_id(self, study_id: int) -> str:
        """The one there is."""
        return NAME

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """None."""
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """None."""
        return {}

    def get_all_studies(self) -> list[Any]:
        """None that could be handed out."""
        return []

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Refused: there is one study."""
        raise NotImplementedError

    def delete_study(self, study_id: int) -> None:
        """Refused: the history is not the sampler's to change, here and below."""
        raise NotImplementedError

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Refused."""
        raise NotImplementedError

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Refused."""
        raise NotImplementedError

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Refused."""
        raise NotImplementedError

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Refused."""
        raise NotImplementedError

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Refused."""
        raise NotImplementedError


def frozen_trial(
    number: int,
    state: TrialState,
    value: float | None,
    params: dict[str, Any],
    distributions: dict[str, BaseDistribution],
) -> FrozenTrial:
    """A trial as Optuna has it; the value of a pruned one stands as that of its first step."""
    pruned = state is TrialState.PRUNED and value is not None
    return FrozenTrial(
        number=number,
        state=state,
        value=value if state is TrialState.COMPLETE else None,
        datetime_start=None,
        datetime_complete=None,
        params=params,
        distributions=distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values={1: value} if pruned and value is not None else {},
        trial_id=number,
    )
