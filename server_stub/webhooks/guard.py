"""Where a webhook may go. A merchant types the address, so it must not lead into the operator's own network.

The name is resolved once, every address it has is checked, and the connection goes to an address that was checked:
a name that answers differently the second time (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

URL_CHARS_MAX: Final = 512
#: IPv6 addresses that carry an IPv4 one, and with it lead wherever that leads.
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
#: Documentation, benchmarks, site-local: older Pythons call some of them global.
_NO_RECEIVERS: Final = (
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments, RFC 6890; Python calls 192.0.0.8 (RFC 7600) global
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, withdrawn by RFC 7526
    IPv4Network("192.31.196.0/24"),  # AS112, RFC 7535
    IPv4Network("192.52.193.0/24"),  # AMT, RFC 7450
    IPv4Network("192.175.48.0/24"),  # AS112, RFC 7534
)
_NOT_GLOBAL: Final = tuple(map(IPv6Network, ("fec0::/10", "2001:db8::/32", "3fff::/20", "100::/64", "5f00::/16")))

Address = IPv4Address | IPv6Address
#: Host and port to addresses as text. Raises OSError when there are none.
Resolver = Callable[[str, int], Sequence[str]]


@unique
class Reach(Enum):
    """How far webhooks may go."""

    PUBLIC = "PUBLIC"
    #: Also to this machine, over plain HTTP: for the sandbox and for tests.
    LOOPBACK_TOO = "LOOPBACK_TOO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked place to connect to. ``host`` is what certificate and Host header must say."""

    scheme: str
    host: str
    port: int
    path: str
    address: str

    @property
    def url(self) -> str:
        """The address by number, so that nothing is resolved again."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{address}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        """What the receiver sees as its own name."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return name if self.port == usual else f"{name}:{self.port}"


def resolve(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(one[4][0]) for one in found]


def check_url(url: str, *, reach: Reach) -> SplitResult:
    """What can be said of an address without asking anybody.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused("not an address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("not an address") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and reach is Reach.LOOPBACK_TOO):
        raise _refused("an https address is expected")
    if not parts.hostname or port == 0 or parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("a host is expected, without a name, password or fragment")
    return parts


def checked_target(url: str, *, reach: Reach, resolver: Resolver = resolve) -> Target:
    """Where to connect for an address, now.

    Raises:
        MisuseError: BAD_ARGUMENT when the address may not be used, or leads where webhooks may not go.
        UnavailableError: NETWORK_UNREACHABLE when the name has no address just now.
    """
    parts = check_url(url, reach=reach)
    host, port = str(parts.hostname), parts.port or {"https": 443, "http": 80}[parts.scheme]
    try:
        found = [ip_address(text.partition("%")[0]) for text in resolver(host, port)]
    except (OSError, UnicodeError) as error:
        raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "the name has no address") from error
    if not found:
        raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "the name has no address")
    for address in found:
        if not may_reach(address, reach=reach, scheme=parts.scheme):
            raise _refused("the address is not a public one")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, address=str(found[0]))


def may_reach(address: Address, *, reach: Reach, scheme: str = "https") -> bool:
    """Whether a webhook may connect there; in the clear only to this machine itself."""
    inner = _inner_of(address)
    if inner.is_loopback:
        return reach is Reach.LOOPBACK_TOO
    return scheme == "https" and _is_public(inner)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and any(address in network for network in _NOT_GLOBAL):
        return False
    if isinstance(address, IPv4Address) and any(address in network for network in _NO_RECEIVERS):
        return False
    odd = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not odd


def _inner_of(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR and address.sixtofour is not None:
        return address.sixtofour
    if address in _TEREDO and address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _refused(why: str) -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, why, param="url")
