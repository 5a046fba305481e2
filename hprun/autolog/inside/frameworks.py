"""Which framework gets what, when the script has imported it."""

from __future__ import annotations

import json
from types import ModuleType

from .session import Session

_sessions: dict[str, Session] = {}


def add_to(module: ModuleType, settings: str) -> None:
    """Add what a framework lacks, right after its import; `settings` is JSON.

    Raises whatever goes wrong: the caller writes it down.
    """
    session = _sessions.get(settings)
    if session is None:
        session = _sessions[settings] = Session(json.loads(settings))
    name = module.__name__
    if name in ("keras", "tf_keras"):
        from .keras_fit import install

        install(module, session)
    elif name == "transformers.trainer":
        from .huggingface import install as install_huggingface

        install_huggingface(module, session)
    else:
        from .lightning_fit import install as install_lightning

        install_lightning(module, session)
