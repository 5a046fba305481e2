"""One HTML file out of a document, the page's style and its scripts, that loads nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib.resources import files
from typing import Any

_SCRIPTS = (
    "elements", "state", "scales", "plots", "filter", "words", "table", "progress", "curves",
    "importances", "slices", "coordinates", "matrix", "ends", "start",
)  # fmt: skip
"""In this order: each uses what stands before it."""


def page(document: dict[str, Any]) -> str:
    """The page that shows a document; its text is data throughout, never markup."""
    style = _asset("page.css")
    script = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}\n}})();'
    # Nothing runs but what stands here, whatever got into the text.
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    return "".join((
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{html.escape(_readable(document['search']))} - hprun</title>\n",
        f"<style>{style}</style>\n</head>\n<body>\n",
        _asset("page.html"),
        f'<script type="application/json" id="data">{json_inside(document)}</script>\n',
        f"<script>{script}</script>\n</body>\n</html>\n",
    ))  # fmt: skip


def json_inside(document: Any) -> str:
    """JSON that can stand inside a `<script>`: no `<` ends it, no letter but ASCII's is in it."""
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _readable(text: str) -> str:
    """Without the halves of characters that stand for bytes of a file's name."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")
