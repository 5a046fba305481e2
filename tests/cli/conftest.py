"""TensorBoards and a browser for the tests that look at pages."""

import contextlib
import shutil

import pytest

from tests.cli.boards import Board
from tests.cli.browser import Browser


@pytest.fixture
def boards():
    """Starts TensorBoards, and ends them."""
    with contextlib.ExitStack() as ends:

        def start(project, *args):
            board = Board(project, *args)
            ends.callback(board.process.wait)
            ends.callback(board.process.terminate)
            return board

        yield start


@pytest.fixture
def browser(tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium here")
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()
