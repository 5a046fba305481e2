"""Where a cache may be."""

from pathlib import Path

import pytest

from hprun.filesystems import UNKNOWN, file_system, is_network

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
tmpfs /home/me/fast tmpfs rw 0 0
//box/share /mnt/my\\040share cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind", "network"),
    [
        ("/work/project/cache", "ext4", False),
        ("/home/me/project", "nfs4", True),
        ("/home/me/fast/cache", "tmpfs", False),
        ("/homework", "ext4", False),
        ("/mnt/my share/x", "cifs", True),
    ],
)
def test_the_innermost_mount_counts(folder, kind, network):
    assert file_system(Path(folder), MOUNTS) == kind
    assert is_network(kind) == network


def test_a_system_that_does_not_say_is_not_refused():
    assert file_system(Path("/x"), "") == UNKNOWN
    assert not is_network(UNKNOWN)
