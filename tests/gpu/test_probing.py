"""What NVIDIA's library tells of devices, and which of them a program may use."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from hprun.gpu.probing import Device, Probe, visible

FAKE = Path(__file__).parent / "fake"
GB = 10**9
BIG = {"uuid": "GPU-aa11", "name": "NVIDIA A100", "total": 80 * GB, "used": 2 * GB, "busy": 40,
       "processes": {"17": GB, "18": None}}  # fmt: skip
CUT = {"uuid": "GPU-bb22", "name": "NVIDIA H100", "total": 80 * GB, "used": 0, "parts": [
    {"uuid": "MIG-c1", "name": "NVIDIA H100 MIG 3g.40gb", "total": 40 * GB, "used": 0},
    {"uuid": "MIG-c2", "name": "NVIDIA H100 MIG 3g.40gb", "total": 40 * GB, "used": GB},
]}  # fmt: skip
LOST = {"lost": True}


@pytest.fixture
def library(monkeypatch, tmp_path):
    """Put devices into the library that hprun asks."""

    def put(*devices):
        file = tmp_path / "nvml.json"
        file.write_text(json.dumps({"devices": devices}), encoding="utf-8")
        monkeypatch.setenv("FAKE_NVML", str(file))
        spec = importlib.util.spec_from_file_location("pynvml", FAKE / "pynvml.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setitem(sys.modules, "pynvml", module)
        return file

    return put


def test_devices_are_told_with_their_memory_and_who_is_on_them(library):
    library(BIG)
    (device,) = Probe().devices()
    assert device == Device(
        "0", "GPU-aa11", "NVIDIA A100", 80 * GB, 2 * GB, 0.4, {17: GB, 18: None}
    )


def test_parts_of_a_device_are_devices_and_a_lost_one_is_none(library):
    library(LOST, CUT, BIG)
    devices = Probe().devices()
    assert [device.number for device in devices] == ["1:0", "1:1", "2"]
    assert [device.uuid for device in devices] == ["MIG-c1", "MIG-c2", "GPU-aa11"]
    assert devices[0].busy is None


def test_without_a_driver_there_is_no_device(library, monkeypatch):
    library(BIG)
    monkeypatch.delenv("FAKE_NVML")
    probe = Probe()
    assert probe.devices() == []
    assert probe.driver() == ""
    probe.close()


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        (None, [0, 1, 2]), ("", []), ("-1", []), ("1", [1]), ("2,0", [2, 0]), ("GPU-aa", [0]),
        ("GPU-", []), ("0,9,1", [0]), ("0,0,1", [0]), (" 1 , 2", [1, 2]), ("MIG-c", [2]),
    ],
)  # fmt: skip
def test_what_the_environment_hides_is_not_used(setting, left):
    devices = [
        Device(str(number), uuid, "x", GB, 0, None, {})
        for number, uuid in enumerate(["GPU-aa11", "GPU-ab22", "MIG-c"])
    ]
    assert visible(devices, setting) == [devices[number] for number in left]


def test_doctor_tells_of_them(project, library):
    file = library(BIG, CUT)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FAKE), os.environ.get("PYTHONPATH", "")]),
           "FAKE_NVML": str(file), "CUDA_VISIBLE_DEVICES": "0"}  # fmt: skip
    told = " ".join(project.hprun("doctor", env=env).out.split())
    assert "0: NVIDIA A100, 78.0 GB of 80.0 GB free;" in told
    assert (
        "1:1: NVIDIA H100 MIG 3g.40gb, 39.0 GB of 40.0 GB free (CUDA_VISIBLE_DEVICES hides it)"
        in told
    )
    assert "driver 580.65" in told
