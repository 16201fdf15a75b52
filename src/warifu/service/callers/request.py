"""A request as it arrived, and where it really came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import force_setattr

if TYPE_CHECKING:
    from warifu.service.settings import ProxySettings

MAX_FORWARDED = 32
"""Addresses of one ``X-Forwarded-For`` that are looked at, from the last."""
_USUAL_PORTS = {"http": ":80", "https": ":443"}


class RequestView(Struct, frozen=True, kw_only=True):
    """What is known of a request before anyone is believed."""

    method: str
    path: str
    """As on the wire, percent-encoded, without the query."""
    query: str
    """As on the wire, without the question mark; empty where there is none."""
    headers: tuple[tuple[str, str], ...]
    """Every field line in order: names in any case, values as Latin-1."""
    body: bytes
    peer: str | None
    """The address at the other end of the connection."""
    scheme: str
    """``http`` or ``https``, as it reached us."""
    _values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of `headers`, by name: a request is asked for a dozen fields."""

    def __post_init__(self) -> None:
        """Sort the field lines."""
        sorted_lines: dict[str, list[str]] = {}
        for name, value in self.headers:
            sorted_lines.setdefault(name.lower(), []).append(value.strip(" \t"))
        force_setattr(self, "_values", sorted_lines)

    def values(self, name: str) -> Sequence[str]:
        """The values of all field lines of this name (in lower case), stripped of white space."""
        return self._values.get(name, ())


class Origin(Struct, frozen=True, kw_only=True):
    """Where a request came from, as far as that can be relied on."""

    address: str | None
    """Of the client; None where only an unknown place is left."""
    scheme: str
    """What the client spoke."""
    authority: str
    """The host the client asked for, in lower case, with its port unless that is the usual one."""
    by_proxy: bool
    """Whether a trusted proxy stands at the other end of the connection."""


def origin_of(view: RequestView, settings: ProxySettings) -> Origin:
    """Where a request came from. Forwarding headers count from trusted proxies only."""
    if view.peer is None or not _trusted(view.peer, settings.trusted):
        scheme = view.scheme.lower()
        return Origin(
            address=view.peer,
            scheme=scheme,
            authority=_authority(scheme, *view.values("host")),
            by_proxy=False,
        )
    scheme = _forwarded(view, "x-forwarded-proto", [view.scheme])[0].lower()
    return Origin(
        address=_forwarded_for(view, settings.trusted),
        scheme=scheme,
        authority=_authority(scheme, *_forwarded(view, "x-forwarded-host", view.values("host"))),
        by_proxy=True,
    )


def _forwarded_for(view: RequestView, trusted: tuple[str, ...]) -> str | None:
    """The last address that is no proxy of ours: those before it anyone could have written."""
    chain = ",".join(view.values("x-forwarded-for")).split(",")
    for entry in reversed(chain[-MAX_FORWARDED:]):
        address = entry.strip(" \t")
        if not _is_address(address):
            return None
        if not _trusted(address, trusted):
            return address
    return None


def _forwarded(view: RequestView, field: str, otherwise: Sequence[str]) -> Sequence[str]:
    """What the proxy says the client asked for, where it says so once."""
    said = view.values(field)
    return said if len(said) == 1 and said[0] else otherwise


def _authority(scheme: str, *hosts: str) -> str:
    """Normalised as RFC 9421 §2.2.3 asks; empty where there is not exactly one host."""
    if len(hosts) != 1:
        return ""
    host = hosts[0].lower()
    return host.removesuffix(_USUAL_PORTS.get(scheme, ":"))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _trusted(address: str, trusted: tuple[str, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in _networks(trusted))


@lru_cache(maxsize=64)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, trusted))
