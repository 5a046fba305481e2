"""The diff that --dry-run shows."""

from __future__ import annotations

from hprun.script import unified_diff


def test_only_changed_lines_are_marked():
    before = "a = 1\r\nlr = 0.01\r\nname = 'é'\r\n".encode()
    after = before.replace(b"0.01", b"0.5")
    lines = unified_diff(before, after, "train.py")
    assert [line for line in lines if line[0] in "+-"] == [
        "--- train.py (yours)",
        "+++ train.py (trial)",
        "-lr = 0.01",
        "+lr = 0.5",
    ]
    assert " name = 'é'" in lines


def test_the_files_own_encoding_is_shown():
    before = "# coding: latin-1\nx = 'é'\n".encode("latin-1")
    assert "-x = 'é'" in unified_diff(before, before.replace(b"\xe9", b"\xe8"), "t.py")


def test_no_difference_is_no_lines():
    assert unified_diff(b"\xff\xfe", b"\xff\xfe", "x.bin") == []
