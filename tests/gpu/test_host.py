"""The machine's own memory, and who holds how much of which."""

import os
import subprocess
import sys

from hprun.engine.seeing import held_on
from hprun.gpu.host import host_room, memory_of, process_trees
from hprun.gpu.probing import Device

MB = 10**6
HOLD = "import subprocess, sys; data = bytearray({}); print('holds', flush=True); {}; input()"


def test_a_run_holds_what_all_its_processes_hold():
    child = f"[sys.executable, '-c', {HOLD.format(60 * MB, 'pass')!r}]"
    code = HOLD.format(40 * MB, f"p = subprocess.Popen({child}, stdout=1)")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as parent:  # fmt: skip
        assert [parent.stdout.readline() for _ in range(2)] == ["holds\n", "holds\n"]
        trees = process_trees({7: parent.pid, 8: 0x7FFFFFF0})
        held = sum(map(memory_of, trees[7]))
        parent.communicate("\n\n")
    assert len(trees[7]) == 2
    assert trees[8] == []
    assert 100 * MB < held < 250 * MB
    assert memory_of(trees[7][0]) == 0, "it has ended"


def test_there_is_room_and_no_more_than_the_machine_has():
    room = host_room()
    assert 0 < room.free <= room.total


def test_memory_of_a_device_belongs_to_the_processes_that_the_driver_names():
    mine = os.getpid()
    device = Device("0", "GPU-aa", "x", 16_000, 9_000, None, {mine: 4_000, 1: 5_000})
    assert held_on(device, {3: {mine}}, 5_000) == {3: 4_000}
    others = Device("0", "GPU-aa", "x", 16_000, 9_000, None, {mine: 9_000})
    assert held_on(others, {3: {1}}, 0) == {3: 0}


def test_where_the_driver_names_none_of_ours_runs_share_what_is_used_beyond_before():
    for processes in ({}, {4_000_000: 9_000}, {17: None}):
        device = Device("0", "GPU-aa", "x", 16_000, 9_000, None, processes)
        assert held_on(device, {3: {10}, 4: {11}}, 1_000) == {3: 4_000, 4: 4_000}
    assert held_on(device, {}, 0) == {}
