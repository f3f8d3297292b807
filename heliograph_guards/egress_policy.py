"""Which hosts may be called: public ones, and those that the deployment exempts.

``EGRESS_ALLOWED_HOSTS`` lists hosts that may be called although they are not public: ``host:port``, ``host:*``
for all ports, or ``host`` for the ports 80 and 443, separated by commas. ``EGRESS_REFUSED_PORTS`` lists ports of
this machine that are never called.

Separate from `egress_guard`, so that checking an address does not import an HTTP client.
"""

import ipaddress
import os
import re
from dataclasses import dataclass

from heliograph_guards.address_ranges import IPAddress, is_own_machine, is_public_address, parse_address

DEFAULT_PORTS = (80, 443)
"""The ports of an exempt host without one."""

_ENTRY = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:\[\]/@\\%*]+)(?::(?P<port>\*|[0-9]{1,5}))?")
_BARE_IPV6 = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*")
_ANY_PORT = 0
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class EgressRules:
    """What the deployment allows and refuses.

    Attributes
    ----------
    exempt : frozenset of (str, int)
        Hosts and ports that may be called although they are not public; port 0 stands for all.
    refused_ports : frozenset of int
        Ports of this machine that are never called.
    """

    exempt: frozenset[tuple[str, int]] = frozenset()
    refused_ports: frozenset[int] = frozenset()

    def is_exempt(self, host: str, port: int) -> bool:
        """Return whether a host, as it is written in the URL, may be called although it is not public."""
        name = _normalize_literal(host)
        return (name, port) in self.exempt or (name, _ANY_PORT) in self.exempt

    def allows(self, host: str, port: int, address: IPAddress) -> bool:
        """Return whether a connection to an address may be made.

        Parameters
        ----------
        host : str
            The host of the URL.
        port : int
            The port that is connected to.
        address : IPv4Address or IPv6Address
            The address that is connected to: one to which the host resolves.
        """
        if port in self.refused_ports and is_own_machine(address):
            return False
        return is_public_address(address) or self.is_exempt(host, port)


def read_egress_rules() -> EgressRules:
    """Return the rules of the environment.

    Raises
    ------
    ValueError
        If a variable cannot be read; the message says what is expected.
    """
    return parse_egress_rules(os.environ.get("EGRESS_ALLOWED_HOSTS", ""), os.environ.get("EGRESS_REFUSED_PORTS", ""))


def parse_egress_rules(allowed_hosts: str, refused_ports: str = "") -> EgressRules:
    """Return the rules of the texts of ``EGRESS_ALLOWED_HOSTS`` and ``EGRESS_REFUSED_PORTS``.

    Raises
    ------
    ValueError
        If one cannot be read.

    Examples
    --------
    >>> parse_egress_rules("fits.example.org:8443").is_exempt("fits.example.org", 443)
    False
    """
    exempt = {pair for entry in _split(allowed_hosts) for pair in _parse_entry(entry)}
    return EgressRules(frozenset(exempt), frozenset(_parse_port(entry) for entry in _split(refused_ports)))


def is_refused_url_host(host: str, port: int) -> bool:
    """Return whether the host of a URL is an address that is neither public nor exempt, or oddly spelled.

    A name is False: the guard checks the address that it resolves to at each call.
    """
    try:
        address = parse_address(host)
    except ValueError:
        return True
    if address is None:
        return False
    is_usual = str(address) == host or address.version == 6
    return not is_usual or not read_egress_rules().allows(host, port, address)


def _normalize_literal(host: str) -> str:
    """Return a host as it is compared: IPv6 addresses have several spellings."""
    name = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return str(ipaddress.IPv6Address(name)) if ":" in name else name
    except ValueError:
        return name


def _split(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _parse_entry(entry: str) -> list[tuple[str, int]]:
    match = _ENTRY.fullmatch(f"[{entry}]" if _BARE_IPV6.fullmatch(entry) else entry)
    host = _normalize_literal(match["host"]) if match else ""
    if match is None or match["host"].startswith("[") != _is_ipv6(host):
        raise ValueError(
            f"EGRESS_ALLOWED_HOSTS: {entry!r} is not a host and a port. Expected host:port, host:* for all its ports, "
            "or host for the ports 80 and 443; for example fits.example.org:8443,[::1]:5000"
        )
    if match["port"] is None:
        return [(host, port) for port in DEFAULT_PORTS]
    return [(host, _ANY_PORT if match["port"] == "*" else _parse_port(match["port"]))]


def _is_ipv6(host: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False


def _parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST_PORT):
        raise ValueError(f"EGRESS_ALLOWED_HOSTS, EGRESS_REFUSED_PORTS: {text!r} is not a port; expected 1 to 65535")
    return int(text)


# Variables that cannot be read end a function at its start, with a sentence in its log.
read_egress_rules()
