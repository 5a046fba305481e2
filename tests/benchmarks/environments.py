"""Virtual environments for the peers, each in one of its own, since they exclude each other."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.competitors import PEERS


def install(environments: Path) -> None:
    """Make what is not there yet. Raises CalledProcessError where pip fails."""
    for peer in PEERS:
        _make(environments / peer.folder, peer.packages)
        if peer.keras_folder:
            folder = environments / peer.keras_folder
            _make(folder, peer.packages)
            _lend_packages(folder)


def _make(folder: Path, packages: Sequence[str]) -> None:
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)


def _lend_packages(folder: Path) -> None:
    """Let the peer find our TensorFlow, with our protobuf in place of one that is too old for it."""
    python = folder / "bin" / "python"
    purelib = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = subprocess.run(purelib, capture_output=True, text=True, check=True).stdout.strip()
    Path(place, "benchmark.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "protobuf"], check=True)
