"""Which cloud this machine belongs to, without a question over the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hprun.dataclass import dataclass

LINK_LOCAL = "169.254.169.254"  # of both clouds; a name would have to be looked up first
# Their addresses and names beside link-local and loopback ones. No other host is ever asked.
_KNOWN_HOSTS = frozenset({"metadata.google.internal", "localhost", "fd20:ce::254", "fd00:ec2::254"})


@dataclass(frozen=True, slots=True)
class Server:
    """A metadata server: whose it is, and where."""

    cloud: Literal["gce", "aws"]
    host: str
    port: int = 80


def find_server(env: Mapping[str, str], sys_folder: Path = Path("/sys")) -> Server | None:
    """The metadata server of this machine, or None where it is no machine of GCE or AWS.

    GCE_METADATA_HOST and AWS_EC2_METADATA_SERVICE_ENDPOINT count first, as for the clouds' own
    tools, and so do NO_GCE_CHECK and AWS_EC2_METADATA_DISABLED. Else it is what the firmware says
    in /sys. A host that is neither link-local nor this machine itself is not taken.
    """
    if host := env.get("GCE_METADATA_HOST"):
        return _server("gce", f"http://{host}")
    if endpoint := env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"):
        return _server("aws", endpoint)
    if _is_gce(sys_folder) and not _is_true(env.get("NO_GCE_CHECK")):
        return Server("gce", LINK_LOCAL)
    if _is_aws(sys_folder) and not _is_true(env.get("AWS_EC2_METADATA_DISABLED")):
        return Server("aws", LINK_LOCAL)
    return None


def _server(cloud: Literal["gce", "aws"], url: str) -> Server | None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        return None
    if parts.scheme != "http" or not _is_near(host):
        return None
    return Server(cloud, host, port)


def _is_near(host: str) -> bool:
    from ipaddress import ip_address

    if host in _KNOWN_HOSTS:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_link_local or address.is_loopback


def _is_gce(sys_folder: Path) -> bool:
    product = _read(sys_folder / "class/dmi/id/product_name")
    return product == "Google" or product.startswith("Google Compute Engine")


def _is_aws(sys_folder: Path) -> bool:
    if _read(sys_folder / "class/dmi/id/sys_vendor") == "Amazon EC2":
        return True
    return _read(sys_folder / "hypervisor/uuid").startswith("ec2")  # the older, Xen machines


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _is_true(value: str | None) -> bool:
    return (value or "").lower() in ("1", "true", "yes")
