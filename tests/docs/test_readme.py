"""What the README says is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERBS = ("run", "status", "results", "show", "diff", "logs", "best", "propose", "add", "stop",
         "resume", "retry", "tensorboard", "report", "hook", "export", "du", "clean", "new",
         "doctor")  # fmt: skip


def _help(verb):
    done = subprocess.run([sys.executable, "-m", "hprun", verb, "--help"], capture_output=True,
                          text=True, check=True)  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_in_the_readme(verb):
    assert f"hprun {verb}" in README or verb == "run"
    for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", _help(verb), re.MULTILINE):
        if option != "--help":
            assert option in README, f"hprun {verb} {option}"


def test_every_exit_status_is_in_the_readme():
    for status in (0, 1, 2, 3, 70, 75, 130, 143):
        assert re.search(rf"^\|[ 0-9,]*\b{status}\b", README, re.MULTILINE), status


def test_files_that_the_readme_links_to_are_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_top_level_holds_what_it_may_hold():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True,
                            check=False)  # fmt: skip
    if listed.returncode:
        pytest.skip("not a checkout")
    top = {path.split("/")[0] for path in listed.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "hprun", "templates",
               "examples", "tests", "cache"}  # fmt: skip
    assert {name for name in top if not name.startswith(".")} == allowed
    in_cache = {path for path in listed.stdout.splitlines() if path.startswith("cache/")}
    assert in_cache == {"cache/.gitignore", "cache/README.md"}


@pytest.mark.parametrize(
    "spec", re.findall(r"^\| `((?!hprun)[^`]+)` \| `([^`]+)` \|$", README, re.MULTILINE)
)
def test_specs_in_the_readme_mean_what_it_says(spec):
    from hprun.space import parse_space

    text, meaning = spec
    values = [choice["x"] for choice in parse_space([f"x={text}"]).grid()]
    assert " ".join(str(value) for value in values) == meaning


def test_the_strategy_in_the_readme_is_the_one_in_the_examples():
    example = (ROOT / "examples" / "climber.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```" in README


def test_the_test_of_the_strategy_in_the_readme_is_the_one_that_is_run(tmp_path):
    (shown,) = re.findall(r"```python\n(from hprun.strategies.contract .*?)```", README, re.DOTALL)
    (tmp_path / "climber.py").write_bytes((ROOT / "examples" / "climber.py").read_bytes())
    (tmp_path / "test_climber.py").write_text(shown, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
                          cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
