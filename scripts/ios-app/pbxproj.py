"""Reads an Xcode project's `project.pbxproj`: an old-style property list, which Python has no parser for."""

import re

TOKEN = re.compile(
    r"""\s+ | //[^\n]* | /\*.*?\*/ | (?P<mark>[{}()=;,]) | "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[\w./$:-]+)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text):
    """The marks as themselves, the texts as pairs, so that "{" in quotes is no mark."""
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError(f"unreadable at: {text[position:position + 40]!r}")
        position = match.end()
        if match["mark"]:
            yield match["mark"]
        elif match["quoted"] is not None:
            yield ("text", re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), match["quoted"]))
        elif match["bare"]:
            yield ("text", match["bare"])


class Parser:
    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.next = 0

    def take(self, wanted=None):
        if self.next >= len(self.tokens):
            raise ValueError("it ends too early")
        token = self.tokens[self.next]
        if wanted and token != wanted:
            raise ValueError(f"{wanted} expected, found {token}")
        self.next += 1
        return token

    def value(self):
        token = self.take()
        if token == "{":
            return self.dictionary()
        if token == "(":
            return self.array()
        if isinstance(token, tuple):
            return token[1]
        raise ValueError(f"a value expected, found {token}")

    def dictionary(self):
        found = {}
        while self.tokens[self.next] != "}":
            key = self.value()
            if key in found:
                raise ValueError(f"{key} is there twice")
            self.take("=")
            found[key] = self.value()
            self.take(";")
        self.take("}")
        return found

    def array(self):
        found = []
        while self.tokens[self.next] != ")":
            found.append(self.value())
            if self.tokens[self.next] != ")":
                self.take(",")
        self.take(")")
        return found


def parse(text):
    parser = Parser(text)
    value = parser.value()
    if parser.next != len(parser.tokens):
        raise ValueError("something follows the end")
    return value
