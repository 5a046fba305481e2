"""The start-up script, run in a scratch root with programs that only take notes."""

import os
import pwd
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hprun.preemption.boot_files import Boot, script_text, unit_text

TEMPLATES = Path(__file__).parents[2] / "templates"
UNIT = (TEMPLATES / "hprun.service").read_text(encoding="utf-8")
SCRIPT = (TEMPLATES / "gce-startup.sh").read_text(encoding="utf-8")
PROGRAM = "a b $(touch x) `touch y` %n $HOME ;&| é/bin/hprun"
NASTY = """a b $(touch x) `touch y` "q" 's' %n \\t $HOME ;&| é"""

# What stands for the programs of a machine: each call is a line in $NOTES.
FAKES = {
    "systemctl": "",
    "logger": "",
    "sleep": "",
    "useradd": "",
    "blkid": '[ ! -e "$STATE/blank" ]',
    "fsck": 'exit "$(cat "$STATE/fsck" 2>/dev/null || echo 0)"',
    "mountpoint": '[ -e "$STATE/mounted" ]',
    "mount": 'touch "$STATE/mounted"',
    "nvidia-smi": 'echo . >>"$STATE/asked"; [ "$(wc -l <"$STATE/asked")" -gt "$DRIVER_AFTER" ]',
}


class Machine:
    """A root folder with a project in it, as a boot finds it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self.here = folder / "here"
        self.notes = folder / "notes"
        self.programs = folder / "programs"
        for path in (self.root, self.state, self.here, self.programs):
            path.mkdir()
        for name, does in FAKES.items():
            program = self.programs / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>"$NOTES"\n{does}\n')
            program.chmod(0o755)
        self.boot = Boot(
            name="hprun",
            user=pwd.getpwuid(os.getuid()).pw_name,
            folder=f"/srv/{NASTY}",
            hprun=f"/srv/{PROGRAM}",
            cache=f"/srv/{NASTY}/cache",
        )
        self.program = self.root / self.boot.hprun[1:]
        self.program.parent.mkdir(parents=True)
        (self.root / self.boot.folder[1:]).mkdir()
        self.program.write_text("#!/bin/sh\n")
        self.program.chmod(0o755)

    @property
    def unit(self) -> Path:
        return self.root / "etc/systemd/system/hprun.service"

    def attach_disk(self, name: str) -> Path:
        device = self.root / f"dev/disk/by-id/google-{name}"
        device.parent.mkdir(parents=True)
        device.touch()
        return device

    def run(self, driver_after: int = 0):
        """Run the script as a boot does; status and what it said."""
        self.notes.write_text("")
        script = self.here.parent / "gce-startup.sh"
        text = script_text(SCRIPT, unit_text(UNIT, self.boot), self.boot)
        script.write_text(text, encoding="utf-8")
        env = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HPRUN_ROOT": str(self.root),
            "NOTES": str(self.notes),
            "STATE": str(self.state),
            "DRIVER_AFTER": str(driver_after),
            "LC_ALL": "C.UTF-8",
        }
        return subprocess.run(
            ["bash", str(script)],
            cwd=self.here,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def calls(self, *names: str) -> list[str]:
        lines = self.notes.read_text().splitlines()
        return [line for line in lines if line.split(" ")[0] in names]

    def files(self) -> dict[str, tuple[int, int, bytes]]:
        """All files of the root: which they are, when they were written, and what is in them."""
        return {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in self.root.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


START = ["systemctl enable --quiet hprun.service", "systemctl start --no-block hprun.service"]


def test_a_first_boot_installs_the_unit_and_starts_it(machine):
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert machine.unit.read_text(encoding="utf-8") == unit_text(UNIT, machine.boot)
    assert machine.unit.stat().st_mode & 0o777 == 0o644
    assert machine.calls("systemctl") == ["systemctl daemon-reload", *START]
    assert machine.calls("mount", "fsck", "useradd", "nvidia-smi") == []
    assert machine.calls("logger")[-1] == "logger -t hprun -- started; see journalctl -u hprun"


def test_a_second_boot_changes_nothing(machine):
    machine.boot = replace(machine.boot, disk="data", mount="/mnt/data", gpu=True)
    machine.attach_disk("data")
    assert machine.run().returncode == 0
    before = machine.files()
    assert machine.run().returncode == 0
    assert machine.files() == before
    assert machine.calls("systemctl") == START
    assert machine.calls("mount", "fsck", "useradd") == []


def test_a_unit_that_differs_is_replaced(machine):
    machine.unit.parent.mkdir(parents=True)
    machine.unit.write_text("[Service]\n")
    assert machine.run().returncode == 0
    assert machine.unit.read_text(encoding="utf-8") == unit_text(UNIT, machine.boot)
    assert machine.calls("systemctl")[0] == "systemctl daemon-reload"
    assert [path.name for path in machine.unit.parent.iterdir()] == ["hprun.service"]


def test_no_name_is_ever_run(machine):
    machine.boot = replace(machine.boot, disk="data", mount=f"/mnt/{NASTY}")
    machine.attach_disk("data")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert list(machine.here.iterdir()) == []
    assert [path.name for path in (machine.root / "mnt").iterdir()] == [NASTY]
    assert not [path for path in machine.root.rglob("*") if path.name in ("x", "y")]


def test_a_data_disk_is_checked_and_mounted_by_its_name(machine):
    machine.boot = replace(machine.boot, disk="data", mount="/mnt/data")
    device = machine.attach_disk("data")
    assert machine.run().returncode == 0
    target = machine.root / "mnt/data"
    assert target.is_dir()
    assert machine.calls("fsck", "mount") == [
        f"fsck -M -a {device}",
        f"mount -o discard,noatime -- {device} {target}",
    ]


@pytest.mark.parametrize(("status", "fine"), [(1, True), (2, True), (4, False), (8, False)])
def test_a_disk_that_fsck_could_not_repair_is_not_mounted(machine, status, fine):
    machine.boot = replace(machine.boot, disk="data", mount="/mnt/data")
    machine.attach_disk("data")
    (machine.state / "fsck").write_text(str(status))
    done = machine.run()
    assert (done.returncode == 0) is fine
    assert bool(machine.calls("mount")) is fine
    assert bool(machine.calls("systemctl")) is fine


def test_an_empty_disk_is_not_formatted_but_spoken_of(machine):
    machine.boot = replace(machine.boot, disk="data", mount="/mnt/data")
    device = machine.attach_disk("data")
    (machine.state / "blank").touch()
    done = machine.run()
    assert done.returncode == 1
    assert f"error: the disk data is empty: format it once, as in `sudo mkfs.ext4 {device}`" in (
        done.stdout
    )
    assert machine.calls("fsck", "mount", "systemctl") == []


def test_a_disk_that_is_not_there_is_waited_for_a_minute(machine):
    machine.boot = replace(machine.boot, disk="data", mount="/mnt/data")
    done = machine.run()
    assert done.returncode == 1
    assert "there is no disk named data on this machine" in done.stdout
    assert machine.calls("sleep") == ["sleep 1"] * 59
    assert machine.calls("systemctl") == []


def test_the_gpu_driver_is_waited_for(machine):
    machine.boot = replace(machine.boot, gpu=True)
    assert machine.run(driver_after=3).returncode == 0
    assert machine.calls("nvidia-smi", "sleep") == [
        "nvidia-smi -L", "sleep 5", "nvidia-smi -L", "sleep 5", "nvidia-smi -L", "sleep 5",
        "nvidia-smi -L",
    ]  # fmt: skip


def test_a_driver_that_never_comes_leaves_the_waiting_to_the_unit(machine):
    machine.boot = replace(machine.boot, gpu=True)
    done = machine.run(driver_after=10000)
    assert done.returncode == 0
    assert "the GPU driver does not answer yet" in done.stdout
    assert len(machine.calls("sleep")) == 119
    assert machine.calls("systemctl")[-1] == START[-1]
    assert "ExecStartPre=" in machine.unit.read_text(encoding="utf-8")


@pytest.mark.parametrize("missing", ["folder", "program"])
def test_without_project_or_program_nothing_is_installed(machine, missing):
    if missing == "folder":
        shutil.rmtree(machine.root / "srv" / NASTY)
    else:
        machine.program.unlink()
    done = machine.run()
    assert done.returncode == 1
    assert f"there is no {missing} /srv/a b $(touch x)" in done.stdout
    assert not machine.unit.exists()
    assert machine.calls("systemctl") == []


def test_an_unknown_user_is_made_with_the_number_of_the_folders_owner(machine):
    machine.boot = replace(machine.boot, user="nobody-of-this-name")
    done = machine.run()
    number = (machine.root / "srv" / NASTY).stat().st_uid
    if number == 0:  # the tests run as root
        assert done.returncode == 1
        assert "there is no user nobody-of-this-name, and" in done.stdout
        assert machine.calls("useradd", "systemctl") == []
        os.chown(machine.root / "srv" / NASTY, 4321, -1)
        number = 4321
        assert machine.run().returncode == 0
    assert machine.calls("useradd") == [
        f"useradd --uid {number} --create-home --shell /usr/sbin/nologin -- nobody-of-this-name"
    ]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs apt package shellcheck")
@pytest.mark.parametrize("filled_in", [False, True])
def test_shellcheck_finds_nothing(tmp_path, filled_in):
    boot = Boot("hprun", "kim", "/srv/my job", "/srv/my job/bin/hprun", "/srv/my job/cache")
    boot = replace(boot, disk="data", mount="/mnt/data", gpu=True)
    script = tmp_path / "gce-startup.sh"
    text = script_text(SCRIPT, unit_text(UNIT, boot), boot) if filled_in else SCRIPT
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["shellcheck", "--severity=style", str(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_bash_can_read_it(tmp_path):
    script = tmp_path / "gce-startup.sh"
    script.write_text(SCRIPT, encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)
