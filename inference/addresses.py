"""Which addresses a server that people name may have: a local one is welcome, the machine's own link is not.

On link-local addresses clouds keep what describes a machine, its credentials included; nobody serves models there.
"""

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

METADATA = {"100.100.100.200", "fd00:ec2::254", "168.63.129.16"}  # of clouds that keep it elsewhere


def forbidden(address: str) -> bool:
    """Whether no model server may be asked at this IP address. A name, or anything else, is not."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.split("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_link_local or found.is_multicast or found.is_unspecified or str(found) in METADATA


class Resolver(ThreadedResolver):
    """Looks names up as the system does, and leaves out what is forbidden: also where a name points there only now."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = [result for result in await super().resolve(host, port, family) if not forbidden(result["host"])]
        if not found:
            raise OSError(errno.EACCES, f"{host} stands for an address that is not to be asked")
        return found
