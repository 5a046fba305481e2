"""Which GPUs a search uses, and what binds a run to one."""

import pytest

from hprun.errors import ConfigError
from hprun.gpu.binding import VISIBLE, binding_words, bindings
from hprun.gpu.probing import Device

DEVICES = [
    Device(number, uuid, "NVIDIA A100", 80, 0, None, {})
    for number, uuid in [("0", "GPU-aa11"), ("1", "GPU-bb22"), ("2:0", "MIG-c1"), ("2:1", "MIG-c2")]
]
ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def words(gpus, **env):
    return [dict(binding.env) for binding in bindings(DEVICES, gpus, env)]


def test_devices_are_named_by_number_in_the_librarys_order_and_parts_by_uuid():
    assert words("") == [
        {VISIBLE: "0", **ORDER}, {VISIBLE: "1", **ORDER}, {VISIBLE: "MIG-c1"}, {VISIBLE: "MIG-c2"},
    ]  # fmt: skip
    assert words("1,GPU-aa") == [{VISIBLE: "1", **ORDER}, {VISIBLE: "0", **ORDER}]
    assert words("2") == [{VISIBLE: "MIG-c1"}, {VISIBLE: "MIG-c2"}]
    assert words("0", CUDA_DEVICE_ORDER="FASTEST_FIRST") == [{VISIBLE: "GPU-aa11"}]
    assert words("none") == []


def test_a_run_gets_the_word_that_the_inherited_variable_has_for_its_device():
    assert words("", **{VISIBLE: "GPU-bb,0"}) == [{VISIBLE: "GPU-bb"}, {VISIBLE: "0"}]
    assert words("1", **{VISIBLE: "GPU-bb,0"}) == [{VISIBLE: "GPU-bb"}]
    assert words("", **{VISIBLE: "-1"}) == []


@pytest.mark.parametrize(
    ("gpus", "env", "says"),
    [
        ("7", {}, "there is no GPU 7"), ("0,", {}, "names no GPU"), ("0,GPU-aa", {}, "twice"),
        ("0", {VISIBLE: "1"}, "hides GPU 0"), ("x", {}, "no GPU x"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused(gpus, env, says):
    with pytest.raises(ConfigError) as error:
        bindings(DEVICES, gpus, env)
    assert says in error.value.message
    assert error.value.hint


def test_what_is_written_down_names_the_device():
    first = bindings(DEVICES, "", {})[0]
    assert first.text == "GPU-aa11 0 NVIDIA A100"
    assert first.is_meant(first.text)
    assert not first.is_meant("")
    assert binding_words(first.text) == "GPU 0 (NVIDIA A100)"
