"""The verbs, and what each is for."""

from __future__ import annotations

VERBS = {
    "run": "Search over a script (the word may be left out).",
    "status": "Say how searches stand.",
    "results": "Rank the trials of a search.",
    "show": "Tell all about a search, or one trial.",
    "diff": "Show what a trial changed in the script.",
    "logs": "Print what a trial printed.",
    "best": "Print the best values, write them into the script, or run it with them.",
    "propose": "Print what a search would try next.",
    "add": "Add a trial by hand.",
    "stop": "Stop a search or a trial.",
    "resume": "Go on with a search.",
    "retry": "Run failed runs again.",
    "hook": "Go on with searches when a machine boots.",
    "tensorboard": "Compare the runs in TensorBoard.",
    "report": "Write all about a search into one HTML page.",
    "export": "Write the trials for other tools: CSV, JSON, Parquet, Optuna, scikit-learn.",
    "du": "Say what takes room on the disk.",
    "clean": "Make room on the disk.",
    "new": "Start a training script from a template.",
    "doctor": "Check what this machine offers.",
}
