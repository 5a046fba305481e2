"""Where the results of a search come from."""

import json
import os
import socket
import subprocess
import sys

import pytest

SCRIPT = "lr = 0.5\nprint('loss:', lr)\n"
SEARCH = ("--hp", "lr=0.1,0.2", "--metric", "loss", "train.py", "--flag", "a b")


def _git(project, *words):
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
           "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}  # fmt: skip
    done = subprocess.run(["git", *words], cwd=project.folder, check=True, capture_output=True,
                          text=True, env={**os.environ, **who})  # fmt: skip
    return done.stdout.strip()


def _calls(project, *search):
    return json.loads(project.hprun("show", *search, "--json").out)["provenance"]


@pytest.fixture
def repository(project):
    project.write("train.py", SCRIPT)
    project.write(".gitignore", "cache\n")
    _git(project, "init", "-b", "trunk")
    _git(project, "add", "-A")
    _git(project, "commit", "-m", "first")
    return project


def test_commit_changes_packages_and_machine_are_written_down(repository):
    repository.write("train.py", SCRIPT + "# changed\n")
    repository.write("notes.txt", "new\n")
    secret = {**os.environ, "API_TOKEN": "s3cr3t-s3cr3t"}
    assert repository.hprun(*SEARCH, env=secret).status == 0
    (call,) = _calls(repository)
    assert call["git"]["commit"] == _git(repository, "rev-parse", "HEAD")
    assert (call["git"]["branch"], call["git"]["untracked"]) == ("trunk", ["notes.txt"])
    diff = (repository.cache / "train-1" / call["git"]["changes"]).read_text()
    assert diff == _git(repository, "diff", "HEAD") + "\n"
    assert "+# changed" in diff
    assert call["argv"] == ["hprun", *SEARCH]
    assert call["python"] == ".".join(map(str, sys.version_info[:3]))
    assert call["packages"]["click"]
    assert call["host"] == socket.gethostname()
    kept = b"".join(p.read_bytes() for p in (repository.cache / "train-1").glob("*") if p.is_file())
    assert b"s3cr3t" not in kept
    shown = repository.hprun("show").out
    for words in ("train-1: complete", "train.py --flag a b", "2 completed", call["git"]["commit"][:12],
                  "on trunk with changes", call["git"]["changes"], "notes.txt", "click "):  # fmt: skip
        assert words in shown
    assert "with changes" in repository.hprun("show", "1").out


def test_each_call_that_runs_something_has_a_line_of_its_own(repository):
    repository.hprun(*SEARCH)
    assert len(_calls(repository)) == 1
    repository.hprun(*SEARCH)  # everything is done
    assert len(_calls(repository)) == 1
    repository.write("train.py", SCRIPT + "# changed\n")
    repository.hprun(*SEARCH)
    first, last = _calls(repository, "train-1")
    assert first["git"]["changes"] is None
    assert last["git"]["changes"]
    assert "the last of 2 calls" in repository.hprun("show", "train-1").out


def test_without_git_and_with_a_python_that_does_not_answer_there_is_the_rest(project):
    project.write("train.py", SCRIPT)
    python = project.write(
        "python", f'#!/bin/sh\n[ "$1" = -c ] && exit 3\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    assert project.hprun("--python", str(python), "--start", "cold", *SEARCH).status == 0
    (call,) = _calls(project)
    assert (call["git"], call["python"], call["packages"]) == (None, None, {})
    shown = project.hprun("show").out
    assert "no git here" in shown
    assert "Python unknown" in shown


def test_a_diff_beyond_all_measure_is_cut(tmp_path, repository):
    from hprun.engine.provenance import MAX_DIFF, ProvenancePaths, gather

    repository.write("train.py", "x = 1\n" * MAX_DIFF)
    call = gather(ProvenancePaths(tmp_path), repository.folder, sys.executable, ["hprun"])
    assert call["git"]["cut"]
    assert (tmp_path / call["git"]["changes"]).stat().st_size == MAX_DIFF
