"""Values put into any other text file of the workspace by a regex: `--sub 'FILE:REGEX'`."""

from __future__ import annotations

import json
import posixpath
import re
from bisect import bisect_right
from collections.abc import Sequence

from hprun.dataclass import dataclass
from hprun.errors import RenderError, SiteError
from hprun.model import Value
from hprun.script.literals import literal
from hprun.script.rendering import Edit
from hprun.script.sites import split_line

_EXAMPLE = r"--sub 'config.yaml:lr: *(\S+)'"
DOUBLE = '"'
_NEWLINE = re.compile(r"\r\n|\r|\n")
_KINDS = {".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json", ".py": "python"}
_PLAIN_YAML = re.compile(r"(?:[A-Za-z_/]|\./)[\w./+-]*(?: [\w./+-]+)*")
_YAML_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"}


@dataclass(frozen=True)
class Sub:
    """A `--sub`: the group of `pattern`, found once in `file`, takes a value."""

    file: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Config:
    """Writes a value in the notation of a file's `kind` (yaml, toml, json, python or text).

    `quote` is the quote that the text had; `inside`: it stays around the group.
    """

    kind: str
    quote: str = ""
    inside: bool = False
    encoding: str = "utf-8"

    def write(self, value: Value) -> bytes:
        """The value's bytes; raises RenderError for a value that the notation lacks."""
        text = self.text(value)
        try:
            return text.encode(self.encoding, "surrogateescape")
        except UnicodeEncodeError:
            raise RenderError(f"{value!r} cannot be written in {self.encoding}") from None

    def text(self, value: Value) -> str:
        """The value's text."""
        if isinstance(value, str):
            if not self.quote:
                return self._bare(value)
            inner = _escaped(value, self.quote, self.kind)
            return inner if self.inside else f"{self.quote}{inner}{self.quote}"
        if self.kind == "python":
            return literal(value, operand=not self.inside)
        if self.kind == "text":
            return ",".join(map(self.text, value)) if isinstance(value, tuple) else str(value)
        if isinstance(value, tuple):
            return f"[{', '.join(map(Config(self.kind, DOUBLE).text, value))}]"
        if value is None and self.kind == "toml":
            raise RenderError("TOML has no value for None")
        text = json.dumps(value)
        if self.kind == "yaml" and isinstance(value, float) and "." not in text:
            text = text.replace("e", ".0e")  # PyYAML takes 1e-05 for a string
        return text

    def _bare(self, value: str) -> str:
        """A string where no quotes were."""
        if self.kind == "python":
            return literal(value)
        if self.kind in ("json", "toml"):
            return json.dumps(value)
        if self.kind == "yaml" and not _plain_in_yaml(value):
            return json.dumps(value)
        if self.kind == "text" and _NEWLINE.search(value):
            raise RenderError(f"{value!r} has several lines, and would end the line it is put in")
        return value


def _plain_in_yaml(value: str) -> bool:
    return _PLAIN_YAML.fullmatch(value) is not None and value.lower() not in _YAML_WORDS


def _escaped(value: str, quote: str, kind: str) -> str:
    """The inside of a quoted string."""
    if kind == "python":
        controls = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        return controls.replace(quote, "\\" + quote)
    if quote == '"' and kind != "text":
        return json.dumps(value, ensure_ascii=False)[1:-1]
    if kind == "yaml" and value.isprintable():
        return value.replace("'", "''")
    if quote in value or not value.isprintable():
        raise RenderError(f"{value!r} cannot stand between {quote} and {quote} in this file")
    return value


def parse_sub(text: str) -> Sub:
    """`FILE:REGEX`; raises SiteError for a regex that is none, or has not exactly one group."""
    file, colon, pattern = text.partition(":")
    if not colon or not file.strip() or not pattern:
        raise SiteError(f"--sub {text!r} is not FILE:REGEX", hint=f"As in {_EXAMPLE}.")
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise SiteError(f"--sub {text!r}: the regex is wrong: {error}") from None
    if groups != 1:
        raise SiteError(
            f"--sub {text!r}: the regex has {groups} groups, and needs one, for the value",
            hint="Write (?:…) for a group that is not the value.",
        )
    path = posixpath.normpath(file.strip())
    if path.startswith(("/", "..")):
        raise SiteError(f"--sub {text!r}: {path} is outside the workspace")
    return Sub(path, pattern)


def bound_name(sub: Sub, names: Sequence[str]) -> str:
    """The name that the group is bound to: the group's own, or the one name in the regex."""
    pattern = re.compile(sub.pattern)
    if pattern.groupindex:
        group = next(iter(pattern.groupindex))
        picks = [name for name in names if group in _words(name)]
        wrong = f"names its group {group}, which is not searched"
    else:
        text = re.sub(r"\\[A-Za-z]", " ", sub.pattern)  # `\b` is no letter b
        found = {
            name: max((len(w) for w in _words(name) if _has_word(text, w)), default=0)
            for name in names
        }
        longest = max(found.values(), default=0)
        picks = [name for name in names if longest and found[name] == longest]
        wrong = "has no searched name in its regex"
    if len(picks) == 1:
        return picks[0]
    if picks:
        wrong = f"may mean {' or '.join(picks)}"
    raise SiteError(
        f"--sub '{sub.file}:{sub.pattern}' {wrong}",
        hint=r"Name the group after the hyperparameter, as in (?P<lr>\S+).",
    )


def _words(name: str) -> tuple[str, ...]:
    plain, _ = split_line(name)
    return name, plain, plain.rpartition(".")[2]


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def locate(sub: Sub, key: str, text: str, encoding: str = "utf-8") -> Edit:
    """The group's place in the file; raises SiteError unless the regex matches exactly once."""
    unified = _NEWLINE.sub("\n", text)
    ours = [0, *(match.end() for match in _NEWLINE.finditer(text))]
    theirs = [0, *(match.end() for match in re.finditer("\n", unified))]
    found = list(re.finditer(sub.pattern, unified, re.MULTILINE))
    lines = [bisect_right(theirs, match.start(1)) for match in found if match.start(1) >= 0]
    if len(found) != 1 or len(lines) != 1:
        often = f"{len(found)} times" if lines else "nowhere"
        on = f": on lines {', '.join(map(str, lines))}" if lines else ""
        raise SiteError(
            f"--sub '{sub.file}:{sub.pattern}' matches {often} in {sub.file}{on}",
            hint="It must match exactly once; `^` and `$` mean a line's start and end.",
        )
    rows = [bisect_right(theirs, at) - 1 for at in found[0].span(1)]
    start, end = (
        ours[row] + at - theirs[row] for row, at in zip(rows, found[0].span(1), strict=True)
    )
    kind = _KINDS.get(posixpath.splitext(sub.file)[1].lower(), "text")
    return Edit(key, start, end, _writer(text, start, end, kind, encoding), "regex", lines[0])


def _writer(text: str, start: int, end: int, kind: str, encoding: str) -> Config:
    value = text[start:end]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return Config(kind, value[0], encoding=encoding)
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    if before == after and before in ("'", '"'):
        return Config(kind, before, inside=True, encoding=encoding)
    return Config(kind, encoding=encoding)
