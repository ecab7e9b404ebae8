"""Webhooks never lead into the operator's own network, however the address is dressed."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from server_stub.webhooks.guard import Reach, check_url, checked_target, may_reach
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")
#: Loopback, private, shared, link-local with the metadata services, multicast, reserved, documentation; then each of
#: them inside an IPv6 address: mapped, NAT64, 6to4, Teredo.
INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "0.0.0.0",  # noqa: S104 (nothing listens there)
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.9",
    "192.88.99.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "::ffff:192.88.99.1",
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.5",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]


def to(*addresses: str) -> "Resolver":
    """A resolver that knows one name."""
    return Resolver(addresses)


class Resolver:
    """Answers each call with the next of its answers, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached(address: str) -> None:
    """The rest of the world."""
    assert may_reach(ip_address(address), reach=Reach.PUBLIC)
    target = checked_target("https://shop.example/hook?a=1", reach=Reach.PUBLIC, resolver=to(address))
    assert (target.address, target.host_header) == (str(ip_address(address)), "shop.example")


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_is_never_reached(address: str) -> None:
    """Private, loopback, link-local, metadata, multicast, reserved; and each of them inside an IPv6 one."""
    assert not may_reach(ip_address(address), reach=Reach.PUBLIC)
    for url in ("https://shop.example/hook", f"https://[{address}]/" if ":" in address else f"https://{address}/"):
        with pytest.raises(MisuseError) as refused:
            checked_target(url, reach=Reach.PUBLIC, resolver=to(address))
        assert (refused.value.code, refused.value.param) == (ErrorCode.BAD_ARGUMENT, "url")


def test_one_inside_address_among_public_ones_is_enough() -> None:
    """Whoever controls the name chooses which of them is used."""
    with pytest.raises(MisuseError):
        checked_target("https://shop.example/", reach=Reach.PUBLIC, resolver=to("8.8.8.8", "10.0.0.1"))


@pytest.mark.parametrize("name", ["0177.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "LOCALHOST.", "[::]"])
def test_other_ways_to_write_loopback(name: str) -> None:
    """What the machine's own resolver makes of them is what is checked."""
    with pytest.raises((MisuseError, UnavailableError)):
        checked_target(f"https://{name}/", reach=Reach.PUBLIC)


def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    """DNS rebinding: asked once, and the connection goes to the number that was checked."""
    rebinding = Resolver(("8.8.8.8",), ("169.254.169.254",))
    target = checked_target("https://shop.example:8443/hook", reach=Reach.PUBLIC, resolver=rebinding)
    assert rebinding.asked == [("shop.example", 8443)]
    assert target.url == "https://8.8.8.8:8443/hook"
    assert target.host_header == "shop.example:8443"


@pytest.mark.parametrize(
    "url",
    [
        *("", "shop.example", "ftp://shop.example/", "http://shop.example/", "file:///etc/passwd", "https://", "//a/b"),
        *("https://name:word@shop.example/", "https://a@b/", "https://shop.example/#x", "https://shop.example:0/"),
        *("https://shop.example:99999/", "https://shop.example/ x", "https://shop.example/\r\nhost: a", "https://[::1"),
        *("https://caf\u00e9.example/", "https://shop.example/" + "x" * 512, "gopher://shop.example", "javascript:1"),
    ],
)
def test_what_is_no_address_for_us_is_refused(url: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(MisuseError):
        check_url(url, reach=Reach.PUBLIC)


def test_a_name_without_an_address_may_have_one_later() -> None:
    """An outage, not a refusal."""

    def none(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    for resolver in (none, to()):
        with pytest.raises(UnavailableError) as missing:
            checked_target("https://shop.example/", reach=Reach.PUBLIC, resolver=resolver)
        assert missing.value.code is ErrorCode.NETWORK_UNREACHABLE


def test_the_sandbox_reaches_this_machine_and_nothing_else_inside() -> None:
    """In the clear, but only to loopback."""
    target = checked_target("http://localhost:9000/", reach=Reach.LOOPBACK_TOO, resolver=to("127.0.0.1"))
    assert (target.url, target.host_header) == ("http://127.0.0.1:9000/", "localhost:9000")
    six = checked_target("http://[::1]:80/", reach=Reach.LOOPBACK_TOO, resolver=to("::1"))
    assert (six.url, six.host_header) == ("http://[::1]:80/", "[::1]")
    for address in ("10.0.0.1", "169.254.169.254", "8.8.8.8"):
        with pytest.raises(MisuseError):
            checked_target("http://shop.example/", reach=Reach.LOOPBACK_TOO, resolver=to(address))
