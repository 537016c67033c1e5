"""A document that holds its own style and script, and may fetch nothing."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from tbench.leaderboard.html.markup import Html, joined, tag


def document(title: str, body: Html) -> str:
    """Only this style and this script apply, by their hashes; what else gets into a page is dead."""
    style, script = (_resource(name) for name in ("style.css", "script.js"))
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = joined(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    whole = tag("html", tag("head", head), tag("body", body, tag("script", Html(script))), lang="en")
    return f"<!doctype html>\n{whole}\n"


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
