"""Which IP addresses are public, and which texts a resolver takes for an IP address.

The tables are those of IANA's registries of special-purpose addresses, and not `ipaddress.is_global`, whose
answers differ between versions of Python.
"""

import ipaddress
import re
import unicodedata

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SPECIAL_IPV4 = {
    "0.0.0.0/8": "this network, RFC 791",
    "10.0.0.0/8": "private, RFC 1918",
    "100.64.0.0/10": "shared by carriers, RFC 6598",
    "127.0.0.0/8": "loopback, RFC 1122",
    "169.254.0.0/16": "link local, RFC 3927",
    "172.16.0.0/12": "private, RFC 1918",
    "192.0.0.0/24": "protocol assignments, RFC 6890",
    "192.0.2.0/24": "documentation, RFC 5737",
    "192.31.196.0/24": "AS112 sinks, RFC 7535",
    "192.52.193.0/24": "multicast relays, RFC 7450",
    "192.88.99.0/24": "relays of 6to4, RFC 7526",
    "192.168.0.0/16": "private, RFC 1918",
    "192.175.48.0/24": "AS112 sinks, RFC 7534",
    "198.18.0.0/15": "benchmarks, RFC 2544",
    "198.51.100.0/24": "documentation, RFC 5737",
    "203.0.113.0/24": "documentation, RFC 5737",
    "224.0.0.0/4": "multicast, RFC 5771",
    "240.0.0.0/4": "reserved and broadcast, RFC 1112 and RFC 919",
}
"""IPv4 networks where no service is called."""

SPECIAL_IPV6 = {
    "2001::/23": "protocol assignments, RFC 2928",
    "2001:db8::/32": "documentation, RFC 3849",
    "2620:4f:8000::/48": "AS112 sinks, RFC 7534",
    "3ffe::/16": "the former 6bone, RFC 3701",
    "3fff::/20": "documentation, RFC 9637",
}
"""The same within `_GLOBAL_UNICAST`; everything outside of it is not public."""

_IPV4_NETWORKS = tuple(ipaddress.IPv4Network(network) for network in SPECIAL_IPV4)
_IPV6_NETWORKS = tuple(ipaddress.IPv6Network(network) for network in SPECIAL_IPV6)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_ISATAP_IDENTIFIERS = (0x0000_5EFE, 0x0200_5EFE)

_DOTS = str.maketrans("。｡．", "...")
"""Characters that IDNA takes for a dot (RFC 3490)."""

_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")


def is_public_address(address: IPAddress) -> bool:
    """Return whether an address is globally reachable; for a tunnel, whether the embedded ones are.

    Examples
    --------
    >>> is_public_address(ipaddress.ip_address("64:ff9b::7f00:1"))
    False
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _IPV4_NETWORKS)
    if address.scope_id is not None:
        return False
    if embedded := find_embedded_addresses(address):
        return all(is_public_address(inner) for inner in embedded)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _IPV6_NETWORKS)


def is_own_machine(address: IPAddress) -> bool:
    """Return whether an address, or one embedded in it, is that of this machine (loopback, or any address)."""
    embedded = find_embedded_addresses(address) if isinstance(address, ipaddress.IPv6Address) else []
    return any(each.is_loopback or each.is_unspecified for each in (address, *embedded))


def find_embedded_addresses(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses to which a mapped address or a tunnel leads."""
    number = int(address)
    if address in _MAPPED or address in _NAT64:
        return [_ipv4_at(number, 0)]
    if address in _SIX_TO_FOUR:
        return [_ipv4_at(number, 80)]
    if address in _TEREDO:
        return [_ipv4_at(number, 64), _ipv4_at(~number, 0)]
    if address in _GLOBAL_UNICAST and number >> 32 & 0xFFFF_FFFF in _ISATAP_IDENTIFIERS:
        return [_ipv4_at(number, 0)]
    return []


def _ipv4_at(number: int, shift: int) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(number >> shift & 0xFFFF_FFFF)


def parse_address(text: str) -> IPAddress | None:
    """Return the IP address that a resolver takes a host for, or None for a name.

    IPv4 addresses have many spellings: ``127.1``, ``0x7f.1``, ``017700000001`` and ``2130706433`` are all
    127.0.0.1, as are those of wide digits.

    Parameters
    ----------
    text : str
        The host, an IPv6 address with or without brackets.

    Raises
    ------
    ValueError
        If it ends in a number like an address, and is none.
    """
    host = normalize_host(text)
    if ":" in host:
        return ipaddress.IPv6Address(host)
    labels = host.split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        raise ValueError(f"{text} is neither a name nor an address")
    *first, last = (_parse_number(label) for label in labels)
    if any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        raise ValueError(f"{text} is not an IPv4 address")
    high = sum(number << 8 * (3 - place) for place, number in enumerate(first))
    return ipaddress.IPv4Address(high + last)


def normalize_host(text: str) -> str:
    """Return a host in lower case, without brackets, wide characters and a dot at the end."""
    host = unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS).lower()
    return host.removeprefix("[").removesuffix("]").removesuffix(".")


def _parse_number(label: str) -> int:
    """Return the number of a part of an IPv4 address: hexadecimal, octal or decimal, as `inet_aton` reads it."""
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") else 10)
