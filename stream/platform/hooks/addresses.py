"""Addresses that hooks may go to: http and https, but not the link-local ones, where clouds keep credentials."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from take5.scoring.errors import ParameterError
from take5.stream.hooks.post import address_of

METADATA = {ip_address("fd00:ec2::254"), ip_address("100.100.100.200")}
"""Metadata services that are not at a link-local address: Amazon's with IPv6, Alibaba's."""

NAT64 = ip_network("64:ff9b::/96")


def forbidden(host: str) -> str | None:
    """Return why hooks do not go to an IP address; None if they may, or if it is a name."""
    try:
        address = _embedded(ip_address(host.partition("%")[0]))
    except ValueError:
        return None
    if address.is_link_local or address.is_multicast or address in METADATA:
        return f"hooks do not go to {address}, a link-local, multicast or metadata address"
    return None


def checked_address(text: str) -> str:
    """Return an address that hooks may go to; raise ParameterError if it is another.

    A name is checked again when it has been resolved.
    """
    reason = forbidden(address_of(text).host)
    if reason is not None:
        raise ParameterError(reason)
    return text


def host_of(text: str) -> str:
    """Return scheme and host of an address; the rest may be secret."""
    url = address_of(text)
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if not isinstance(address, IPv6Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
