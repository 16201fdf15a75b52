"""Pages and answers to scripts: templates, languages, headers, cookies."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.datastructures import State as Shared
from litestar.response import Redirect
from markupsafe import Markup

from warifu.base.rule import Text

if TYPE_CHECKING:
    from warifu.demo.bank.state import Device, Session, State

Asked = Request[Any, Any, Shared]
"""A request to the bank."""
SESSION, DEVICE, CLERK, LANGUAGE = "bank_session", "bank_device", "bank_clerk", "bank_lang"
"""Cookies."""
JAPAN = timezone(timedelta(hours=9))
DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
POLICY = "; ".join(DIRECTIVES)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), "
    "payment=(self), camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
STATIC = {
    path.name: path.read_bytes()
    for path in files("warifu.demo.bank").joinpath("static").iterdir()
    if path.name.endswith((".js", ".css", ".svg", ".png"))
}
TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
}


def state(request: Asked) -> State:
    """What the bank remembers."""
    held: State = request.app.state.bank
    return held


def session(request: Asked) -> Session | None:
    """Who logged in."""
    return state(request).session(request.cookies.get(SESSION))


def device(request: Asked) -> Device | None:
    """The enrolled device that asks."""
    return state(request).device(request.cookies.get(DEVICE))


def language(request: Asked) -> str:
    """``ja`` or ``en``: as chosen, else as the browser prefers."""
    chosen = request.cookies.get(LANGUAGE)
    if chosen in {"ja", "en"}:
        return chosen
    return "ja" if request.headers.get("accept-language", "").lower().startswith("ja") else "en"


def page(request: Asked, name: str, *, status: int = 200, **values: object) -> Response[str]:
    """A page.

    Args:
        request: For whom.
        name: The template, without its ending.
        status: The HTTP status.
        values: What it shows.
    """
    chosen = language(request)

    def say(ja: str | Text, en: str = "") -> str:
        text = ja if isinstance(ja, Text) else Text(ja=ja, en=en)
        return text.ja if chosen == "ja" else text.en

    content = _TEMPLATES.get_template(f"{name}.html").render(
        lang=chosen,
        t=say,
        here=request.url.path,
        present=session(request),
        is_desk=request.url.path.startswith("/desk"),
        yen=lambda amount: yen(amount, chosen),
        moment=lambda at: moment(at, chosen),
        **values,
    )
    return Response(content=content, media_type="text/html", status_code=status, headers=HEADERS)


def go(path: str, *cookies: Cookie) -> Redirect:
    """See another page."""
    return Redirect(path, status_code=303, headers=HEADERS, cookies=list(cookies))


def data(document: object, *cookies: Cookie, status: int = 200) -> Response[bytes]:
    """An answer to a script."""
    return Response(
        content=msgspec.json.encode(document),
        media_type="application/json",
        status_code=status,
        headers=HEADERS,
        cookies=list(cookies),
    )


def download(content: bytes, name: str, media_type: str) -> Response[bytes]:
    """A file to be kept."""
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content=content, media_type=media_type, headers=headers)


def cookie(name: str, value: str) -> Cookie:
    """A cookie that no script reads and no other site sends.

    It is not `Secure`: the demo is served on this machine without TLS.
    """
    return Cookie(key=name, value=value, path="/", httponly=True, samesite="strict")


def yen(amount: int, chosen: str) -> str:
    """As the language writes yen."""
    sign = "−" if amount < 0 else ""
    return f"{sign}{abs(amount):,}円" if chosen == "ja" else f"{sign}¥{abs(amount):,}"


def moment(at: datetime | str, chosen: str) -> str:
    """A time in Japan."""
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    there = when.astimezone(JAPAN)
    if chosen == "ja":
        return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"
    return f"{there.day} {there:%B %Y, %H:%M} JST"


def _tojson(value: object) -> Markup:
    """JSON for an attribute, escaped as all else."""
    return Markup.escape(msgspec.json.encode(value).decode())


_TEMPLATES = Environment(
    loader=PackageLoader("warifu.demo.bank"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["json"] = _tojson
