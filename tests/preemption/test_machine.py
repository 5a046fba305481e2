"""Which cloud a machine belongs to, by its firmware and its environment."""

import pytest

from hprun.preemption.machine import LINK_LOCAL, Server, find_server


@pytest.fixture
def sys_folder(tmp_path):
    """A /sys that says what it is told."""

    def say(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return say


@pytest.mark.parametrize(
    ("files", "cloud"),
    [
        ({"class__dmi__id__product_name": "Google Compute Engine\n"}, "gce"),
        ({"class__dmi__id__product_name": "Google\n"}, "gce"),
        ({"class__dmi__id__sys_vendor": "Amazon EC2\n"}, "aws"),
        ({"hypervisor__uuid": "ec2e1916-9099-7caf-fd21-012345abcdef\n"}, "aws"),
    ],
)
def test_the_firmware_says_whose_machine_it_is(sys_folder, files, cloud):
    assert find_server({}, sys_folder(**files)) == Server(cloud, LINK_LOCAL, 80)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"class__dmi__id__product_name": "Pixelbook\n", "class__dmi__id__sys_vendor": "Google\n"},
        {"class__dmi__id__product_name": "20XW\n", "class__dmi__id__sys_vendor": "LENOVO\n"},
        {"hypervisor__uuid": "00000000-0000-0000-0000-000000000000\n"},
    ],
)
def test_an_ordinary_machine_belongs_to_nobody(sys_folder, files):
    assert find_server({}, sys_folder(**files)) is None


def test_the_clouds_own_switches_turn_it_off(sys_folder):
    google = sys_folder(class__dmi__id__product_name="Google Compute Engine\n")
    assert find_server({"NO_GCE_CHECK": "true"}, google) is None
    amazon = sys_folder(
        class__dmi__id__product_name="m5.large\n", class__dmi__id__sys_vendor="Amazon EC2\n"
    )
    assert find_server({"AWS_EC2_METADATA_DISABLED": "True"}, amazon) is None


@pytest.mark.parametrize(
    ("env", "server"),
    [
        ({"GCE_METADATA_HOST": "127.0.0.1:8080"}, Server("gce", "127.0.0.1", 8080)),
        ({"GCE_METADATA_HOST": "[::1]:8080"}, Server("gce", "::1", 8080)),
        ({"GCE_METADATA_HOST": "169.254.169.252"}, Server("gce", "169.254.169.252")),
        (
            {"GCE_METADATA_HOST": "metadata.google.internal"},
            Server("gce", "metadata.google.internal"),
        ),
        (
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://[fd00:ec2::254]/"},
            Server("aws", "fd00:ec2::254"),
        ),
        (
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://localhost:1338"},
            Server("aws", "localhost", 1338),
        ),
    ],
)
def test_a_host_that_is_named_is_taken(tmp_path, env, server):
    assert find_server(env, tmp_path) == server


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "10.0.0.1",
        "8.8.8.8",
        "127.0.0.1:port",
        "127.0.0.1:99999",
        "127.0.0.1@example.com",
        "localhost.example.com",
        "[",
        "/",
    ],
)
def test_a_host_elsewhere_is_never_asked(tmp_path, host):
    assert find_server({"GCE_METADATA_HOST": host}, tmp_path) is None
    assert find_server({"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{host}"}, tmp_path) is None


def test_a_name_may_not_be_asked_over_https(tmp_path):
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "https://127.0.0.1/"}
    assert find_server(env, tmp_path) is None
