"""Who an address is, where callers are counted."""

from ipaddress import IPv6Address, ip_address


def caller_of_address(host: str) -> str:
    """Whose bucket an address takes from: an IPv6 customer owns a whole /64, so that is one caller."""
    if ":" not in host:
        return host
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped is not None else str(IPv6Address(int(address) >> 64 << 64))
    return host
