"""Which texts Swift views show: their string literals, as the keys that a string catalogue has for them."""

import re

# Calls and labels whose literal is a key of the catalogue.
SHOWN = set(
    "Text Label Button Section Toggle Picker TextField SecureField ContentUnavailableView own "
    "navigationTitle accessibilityLabel confirmationDialog configurationDisplayName description "
    "reason warning".split()
)
# Those whose literal is none: names of symbols, of elements for tests, of Info.plist keys.
NOT_SHOWN = set("systemImage systemName verbatim accessibilityIdentifier kind string".split())

LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|"', re.DOTALL)
# What stands right before a literal: `name(` or `label:`.
BEFORE = re.compile(r"(\w+)\s*[(:]\s*$")


class Unclear(Exception):
    pass


def literals(source):
    """Each literal as (line, what stands before it, its pieces between the interpolations)."""
    position = 0
    while match := LITERAL.search(source, position):
        position = match.end()
        if match[0] != '"':
            continue
        start, pieces, piece = match.start(), [], ""
        while source[position] != '"':
            if source[position] == "\\" and source[position + 1] == "(":
                depth, position = 1, position + 2
                while depth:
                    depth += {"(": 1, ")": -1}.get(source[position], 0)
                    position += 1
                pieces.append(piece)
                piece = ""
            elif source[position] == "\\":
                piece += {"n": "\n"}.get(source[position + 1], source[position + 1])
                position += 2
            else:
                piece += source[position]
                position += 1
        position += 1
        yield source.count("\n", 0, start) + 1, source[:start], [*pieces, piece]


def keys(source):
    """The shown literals of a view's source, as (line, pattern that the catalogue's key matches)."""
    for line, before, pieces in literals(source):
        name = BEFORE.search(before)
        if not name or name[1] not in SHOWN | NOT_SHOWN:
            raise Unclear(f"line {line}: is “{'…'.join(pieces)}” shown to people? literals.py does not know")
        if name[1] in SHOWN:
            yield line, re.compile(r"%(?:lld|@)".join(map(re.escape, pieces)))
