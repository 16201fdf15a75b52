"""A cell of the referee as input of ProVerif, for those who have it.

The network is the attacker's: channel ``c``. What is out of its reach goes by private channels: the
dialog with the user (``uo``), and what TLS carries between server and app while no malware touches
it (``sdown``, ``sup``). Malware that reads puts copies on ``c``; malware that alters moves the
traffic itself there. The attacker may start sessions for any transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.risk.threat.referee import Cell

_READS = ("vicious_ro", "vicious_rw")
_ALTERS = ("vicious_rw",)
_LINKED_FORM = "rst_se"
_AXES = ("tui", "se_ta_encrypted", "server_channel_protected", "policy1", "policy2")

_DECLARATIONS = """\
(* What the attacker sees and sends; then what it reaches only where a process copies it to c. *)
free c: channel.
free uo: channel [private].
free sdown: channel [private].
free sup: channel [private].

(* Signatures that tell nothing of their text, and encryption that is authentic. *)
type skey.
type vkey.
type key.
fun vk(skey): vkey.
fun sign(bitstring, skey): bitstring.
reduc forall m: bitstring, k: skey; checksign(sign(m, k), vk(k), m) = true.
fun senc(bitstring, key): bitstring.
reduc forall m: bitstring, k: key; sdec(senc(m, k), k) = m.

(* ku: user's terminal and server. ka: the attacker's own genuine terminal. kst: SE and TA.
   kdev: the key that policy 2 ties to the user. *)
free pin: bitstring [private].
free ku: key [private].
free ka: key.
free kst: key [private].
free kdev: skey [private].
const okc: bitstring.
const tagc: bitstring.
const tagr: bitstring.
const t1: bitstring.
const t2: bitstring.

event userok(bitstring).
event accept(bitstring, bitstring).
query attacker(pin).
query t: bitstring, n: bitstring; event(accept(t, n)) ==> event(userok(t)).
query t: bitstring, n: bitstring; inj-event(accept(t, n)) ==> inj-event(userok(t)).
"""


class _Build(Struct, frozen=True, kw_only=True):
    """What the axes of a cell come to."""

    dialog: str
    """The channel on which the authenticator shows and asks."""
    screen_is_read: bool
    through_ta: bool
    """An SE reaches the user by an encrypted link to a TA."""
    protected: bool
    traffic_is_read: bool
    traffic_is_altered: bool
    signed: bool
    """Policy 2."""
    server_judges: bool
    fake_app: bool

    @property
    def answer(self) -> str:
        """What the terminal sends about the PIN `p` that was typed."""
        return "p" if self.server_judges else "okc"

    @property
    def expected(self) -> str:
        """What the server takes for a good answer."""
        return "=pin" if self.server_judges else "=okc"

    @property
    def strangers_come(self) -> bool:
        """Whether the attacker reaches the server otherwise than through the user's terminal."""
        return not self.signed or (self.traffic_is_altered and not self.protected)


def proverif_input(cell: Cell) -> str:
    """The text of one model, with the referee's three queries.

    Args:
        cell: One of `warifu.risk.threat.referee.cells()`.

    Returns:
        The typed dialect of ProVerif 2; ``proverif FILE`` judges it.
    """
    build = _build(cell)
    processes = dict(_processes(build))
    body = "\n".join(f"let {name} =\n  {text}.\n" for name, text in processes.items())
    started = " | ".join(("out(c, vk(kdev))", *(f"!{name}" for name in processes)))
    return f"(* {_title(cell)} *)\n{_DECLARATIONS}\n{body}\nprocess\n  ({started})\n"


def file_name(cell: Cell) -> str:
    """A file's name that tells the axes in the referee's order."""
    switches = "_".join(str(int(getattr(cell, axis))) for axis in _AXES)
    return f"{cell.form}_{switches}_{cell.judge}_{cell.malware}.pv"


def _title(cell: Cell) -> str:
    switches = ", ".join(f"{axis} {int(getattr(cell, axis))}" for axis in _AXES)
    return f"{cell.form}: {switches}, judged by the {cell.judge}, malware {cell.malware}"


def _build(cell: Cell) -> _Build:
    over_link = cell.form == _LINKED_FORM and cell.tui
    screen_in_reach = not cell.tui or (over_link and not cell.se_ta_encrypted)
    return _Build(
        dialog="c" if screen_in_reach and cell.malware in _ALTERS else "uo",
        screen_is_read=screen_in_reach and cell.malware in _READS,
        through_ta=over_link and cell.se_ta_encrypted,
        protected=cell.server_channel_protected,
        traffic_is_read=cell.malware in _READS,
        traffic_is_altered=cell.malware in _ALTERS,
        signed=cell.policy2,
        server_judges=cell.judge == "server",
        fake_app=cell.malware == "fake" and not cell.policy1,
    )


def _processes(build: _Build) -> Iterator[tuple[str, str]]:
    """Each process by its name; all are started any number of times."""
    yield "User", _user(build)
    if build.fake_app:
        yield "Fake", "out(c, pin)"
    if build.through_ta:
        yield "TA", _trusted_application()
    yield "App", _authenticator(build)
    yield "Server0", _server(build, key="ku", down="sdown", up="sup")
    if build.strangers_come:
        yield "Server1", _server(build, key="ka", down="", up="c")


def _user(build: _Build) -> str:
    """Wants a transaction, approves that one in a dialog, and types the PIN there."""
    seen = "out(c, pin); " if build.screen_is_read else ""
    return (
        "new tx: bitstring; out(c, tx);\n"
        f"  in({build.dialog}, (s: channel, =tx)); event userok(tx);\n"
        f"  {seen}out(s, pin)"
    )


def _trusted_application() -> str:
    """Shows and asks in the SE's place, over the encrypted link."""
    return (
        "in(c, e: bitstring); let (=t1, tx: bitstring, n: bitstring) = sdec(e, kst) in\n"
        "  new s: channel; out(uo, (s, tx)); in(s, p: bitstring);\n"
        "  out(c, senc((t2, tx, n, p), kst))"
    )


def _authenticator(build: _Build) -> str:
    """Takes the request, asks the user, and sends the answer."""
    parts = [_request(build), _dialog(build)]
    if not build.server_judges:
        parts.append("if p = pin then")
    content = f"tagr, {build.answer}, tx, n"
    if build.signed:
        parts.append(f"let sg = sign(({content}), kdev) in")
        content += ", sg"
    parts.append(_sending(build, content))
    return "\n  ".join(parts)


def _request(build: _Build) -> str:
    if build.protected:
        return "in(c, e0: bitstring); let (=tagc, tx: bitstring, n: bitstring) = sdec(e0, ku) in"
    place = "c" if build.traffic_is_altered else "sdown"
    return f"in({place}, (tx: bitstring, n: bitstring));"


def _dialog(build: _Build) -> str:
    if build.through_ta:
        return (
            "out(c, senc((t1, tx, n), kst)); "
            "in(c, e: bitstring); let (=t2, =tx, =n, p: bitstring) = sdec(e, kst) in"
        )
    return f"new s: channel; out({build.dialog}, (s, tx)); in(s, p: bitstring);"


def _sending(build: _Build, content: str) -> str:
    if build.protected:
        return f"out(c, senc(({content}), ku))"
    copy = f"out(c, ({content})); " if build.traffic_is_read else ""
    return f"{copy}out(sup, ({content}))"


def _server(build: _Build, *, key: str, down: str, up: str) -> str:
    """Asks for an answer to a transaction of the attacker's choice, and accepts it.

    Args:
        build: What the axes come to.
        key: Of the terminal, where the channel is protected.
        down: The channel besides `c` to which an unprotected request goes, or nothing.
        up: Where an unprotected answer comes from.
    """
    answer = f"=tagr, {build.expected}, =tx, =n" + (", sg: bitstring" if build.signed else "")
    text = f"tagr, {build.expected.removeprefix('=')}, tx, n"
    check = f"if checksign(sg, vk(kdev), ({text})) = true then " if build.signed else ""
    if build.protected:
        exchange = (
            f"out(c, senc((tagc, tx, n), {key}));\n"
            f"  in(c, e: bitstring); let ({answer}) = sdec(e, {key}) in"
        )
    else:
        places = (
            *(("c",) if build.traffic_is_read or not down else ()),
            *((down,) if down else ()),
        )
        sent = " ".join(f"out({place}, (tx, n));" for place in places)
        exchange = f"{sent}\n  in({up}, ({answer}));"
    return f"in(c, tx: bitstring); new n: bitstring; {exchange}\n  {check}event accept(tx, n)"
