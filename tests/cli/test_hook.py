"""`hprun hook`, called as a user calls it."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_environment_is_active(monkeypatch):
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)


def hook(project, *args, **more):
    return project.hprun("hook", *args, "--user", "kim", "--hprun", "/bin/true", **more)


def test_gce_writes_the_script_and_the_unit_and_says_what_to_do(project):
    answer = hook(project, "gce", "--disk", "data", "--mount", "/mnt/data", "--gpu")
    assert answer.status == 0, answer
    assert answer.out == ""
    unit = (project.folder / "hprun.service").read_text(encoding="utf-8")
    script = (project.folder / "gce-startup.sh").read_text(encoding="utf-8")
    assert unit in script
    assert "\ndisk=data " in script
    assert "User=kim\n" in unit
    assert f"WorkingDirectory={project.folder}\n" in unit
    assert f'--cache "{project.cache}"\n' in unit
    assert "AssertPathIsMountPoint=/mnt/data\n" in unit
    assert (
        "gcloud compute instances add-metadata MACHINE --zone ZONE"
        " --metadata-from-file startup-script=gce-startup.sh\n"
    ) in answer.err


def test_systemd_writes_the_unit_alone(project):
    answer = hook(project, "systemd", "--name", "digits", "--no-gpu")
    assert answer.status == 0, answer
    assert [path.name for path in project.folder.iterdir()] == ["digits.service"]
    assert "sudo systemctl enable --now digits\n" in answer.err
    assert "/etc/default/digits" in (project.folder / "digits.service").read_text(encoding="utf-8")
    assert hook(project, "systemd", "--name", "digits.service", "--no-gpu").status == 0
    assert len(list(project.folder.iterdir())) == 1


def test_a_dash_prints_and_writes_nothing(project):
    unit = hook(project, "systemd", "--output", "-")
    assert unit.out.startswith("# Goes on with all searches")
    script = hook(project, "gce", "--output", "-")
    assert script.out.startswith("#!/usr/bin/env bash\n")
    assert unit.err == script.err == ""
    assert list(project.folder.iterdir()) == []


def test_a_file_of_the_users_is_replaced_only_if_they_say_so(project):
    project.write("hprun.service", "mine\n")
    refused = hook(project, "gce")
    assert refused.status == 2
    assert "hprun.service exists" in refused.err
    assert "--yes" in refused.err
    assert [path.name for path in project.folder.iterdir()] == ["hprun.service"]
    assert (project.folder / "hprun.service").read_text(encoding="utf-8") == "mine\n"
    assert hook(project, "gce", "--yes").status == 0
    assert (project.folder / "hprun.service").read_text(encoding="utf-8") != "mine\n"


def test_calling_it_again_is_fine(project):
    assert hook(project, "gce").status == 0
    before = {path: path.read_bytes() for path in project.folder.iterdir()}
    assert hook(project, "gce").status == 0
    assert {path: path.read_bytes() for path in project.folder.iterdir()} == before


def test_output_goes_to_another_folder(project):
    (project.folder / "boot files").mkdir()
    answer = hook(project, "gce", "--output", "boot files")
    assert answer.status == 0
    assert sorted(path.name for path in (project.folder / "boot files").iterdir()) == [
        "gce-startup.sh",
        "hprun.service",
    ]
    assert "'startup-script=boot files/gce-startup.sh'" in answer.err
    missing = hook(project, "gce", "--output", "elsewhere")
    assert missing.status == 2
    assert "There is no folder elsewhere." in missing.err


def test_root_is_only_taken_when_it_is_said(project):
    given = ("--hprun", "/bin/true", "--output", "-")
    named = project.hprun("hook", "systemd", *given, "--user", "root")
    assert "User=root\n" in named.out
    unnamed = project.hprun("hook", "systemd", *given)
    if os.getuid() == 0:
        assert unnamed.status == 2
        assert "should not run as root" in unnamed.err
        assert "--user NAME" in unnamed.err
        behind_sudo = project.hprun(
            "hook", "systemd", *given, env={**os.environ, "SUDO_USER": "kim"}
        )
        assert "User=kim\n" in behind_sudo.out
    else:
        assert unnamed.status == 0
        assert "User=root" not in unnamed.out


def test_the_running_hprun_is_the_one_that_boots(project):
    answer = project.hprun("hook", "systemd", "--user", "kim", "--output", "-")
    assert answer.status == 0, answer
    line = next(line for line in answer.out.splitlines() if line.startswith("ExecStart="))
    program = Path(line.split('"')[1])
    assert program.is_absolute()
    assert os.access(program, os.X_OK)
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("hprun ")


def test_the_active_environment_is_that_of_the_boot_too(project, monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", "/srv/my env")
    assert (
        'Environment="VIRTUAL_ENV=/srv/my env"\n' in hook(project, "systemd", "--output", "-").out
    )
    named = hook(project, "systemd", "--output", "-", "--venv", "/srv/other")
    assert 'Environment="VIRTUAL_ENV=/srv/other"\n' in named.out
    assert 'Environment="PATH=/srv/other/bin:' in named.out


@pytest.mark.parametrize(
    ("file", "env", "args", "cache"),
    [
        (None, None, (), "{folder}/cache"),
        ('cache = "runs"\n', None, (), "{folder}/runs"),
        ('cache = "runs"\n', "/srv/env", (), "/srv/env"),
        ('cache = "runs"\n', "/srv/env", ("--cache", "../flag"), "{parent}/flag"),
    ],
)
def test_the_cache_is_the_one_that_hprun_has_in_that_folder(
    project, monkeypatch, file, env, args, cache
):
    if file:
        project.write("hprun.toml", file)
    if env:
        monkeypatch.setenv("HPRUN_CACHE", env)
    expected = cache.format(folder=project.folder, parent=project.folder.parent)
    answer = hook(project, "systemd", "--output", "-", *args)
    assert f'--cache "{expected}"\n' in answer.out
    elsewhere = project.hprun(
        "hook", "systemd", "--output", "-", *args,
        "--user", "kim", "--hprun", "/bin/true", "--folder", str(project.folder),
    )  # fmt: skip
    assert elsewhere.out == answer.out


def test_paths_of_another_machine_are_taken_and_spoken_of(project):
    answer = hook(project, "systemd", "--output", "-", "--folder", "/srv/not-here")
    assert answer.status == 0
    assert "There is no /srv/not-here here" in answer.err
    assert 'resume --all --yes --quiet --cache "/srv/not-here/cache"\n' in answer.out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--name", "a b"), "--name"),
        (("--user", "a\nb"), "--user"),
        (("--folder", "a\nb"), "--folder"),
        (("--mount", "/"), "--mount"),
    ],
)
def test_what_no_unit_can_say_is_one_sentence(project, args, says):
    answer = project.hprun("hook", "systemd", "--user", "kim", "--hprun", "/bin/true", *args)
    assert answer.status == 2
    assert answer.err.startswith(f"error: {says}")
    assert "Traceback" not in answer.err
    assert list(project.folder.iterdir()) == []


def test_a_disk_needs_a_place(project):
    answer = hook(project, "gce", "--disk", "data")
    assert answer.status == 2
    assert "--disk needs --mount" in answer.err


def test_the_driver_is_waited_for_where_there_is_a_gpu(project, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    without = hook(project, "systemd", "--output", "-", env={**os.environ, "PATH": str(programs)})
    assert "nvidia-smi" not in without.out
    shutil.copy("/bin/true", programs / "nvidia-smi")
    there = hook(project, "systemd", "--output", "-", env={**os.environ, "PATH": str(programs)})
    assert "ExecStartPre=/bin/sh" in there.out
    never = hook(
        project, "systemd", "--output", "-", "--no-gpu",
        env={**os.environ, "PATH": str(programs)},
    )  # fmt: skip
    assert never.out == without.out


def test_the_templates_are_found_in_a_wheel_too(project):
    # A wheel holds them as hprun/_templates; so does this copy of the package.
    package = project.folder / "hprun"
    shutil.copytree(ROOT / "hprun", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", package / "_templates")
    (package / "_templates" / "hprun.service").write_text("# from the wheel\n")
    answer = hook(project, "systemd", "--output", "-", env={**os.environ, "PYTHONPATH": "."})
    assert answer.out == "# from the wheel\n", answer


def test_hook_alone_says_what_there_is(project):
    answer = project.hprun("hook", "--help")
    assert answer.status == 0
    assert "hprun hook gce" in answer.out
    assert "hprun hook systemd" in answer.out


def test_the_command_of_the_unit_goes_on_with_a_search_that_was_cut_off(project):
    started, go, done = (project.folder.parent / name for name in ("started", "go", "done"))
    os.mkfifo(started)
    project.write(
        "train.py",
        "import pathlib, signal\n"
        "lr = 1\n"
        f"if not pathlib.Path({str(go)!r}).exists():\n"
        f"    pathlib.Path({str(started)!r}).write_text('now')\n"
        "    signal.pause()\n"
        f"with open({str(done)!r}, 'a') as file:\n"
        "    file.write(f'{lr}\\n')\n",
    )
    search = project.start("--jobs", "1", "--hp", "lr=1,2", "train.py")
    assert started.read_text() == "now"  # waits until a run gets there
    search.terminate()
    assert search.wait(60) == 143
    go.touch()

    unit = project.hprun("hook", "systemd", "--user", "kim", "--output", "-").out
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart=:"))
    command = shlex.split(line.removeprefix("ExecStart=:"))
    boot = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert (boot.returncode, boot.stdout, boot.stderr) == (0, "", "")
    assert sorted(done.read_text().split()) == ["1", "2"]
