"""String catalogues: every key that is used has a text in each language, and no other."""

import json
import re
from collections import Counter

import literals

LANGUAGES = ("en", "de")
SPECIFIER = re.compile(r"%(?:\d+\$)?(lld|@)")


def texts(localization):
    """A language's texts: one, or one for each plural."""
    if "stringUnit" in localization:
        return {"": localization["stringUnit"]}
    plurals = localization["variations"]["plural"]
    return {name: plural["stringUnit"] for name, plural in plurals.items()}


def catalogue(path, complain):
    """The keys of a catalogue whose texts are all there."""
    content = json.loads(path.read_text())
    if content["sourceLanguage"] != "en":
        complain(path, "its source language is not en")
    for key, entry in content["strings"].items():
        for language in LANGUAGES:
            localization = entry.get("localizations", {}).get(language)
            if not localization:
                complain(path, f"“{key}” has no text in {language}")
                continue
            units = texts(localization)
            if "" not in units and set(units) != {"one", "other"}:
                complain(path, f"“{key}” needs the plurals one and other in {language}")
            for unit in units.values():
                if unit["state"] != "translated" or not unit["value"]:
                    complain(path, f"“{key}” is not translated in {language}")
                if Counter(SPECIFIER.findall(unit["value"])) != Counter(SPECIFIER.findall(key)):
                    complain(path, f"“{key}” has other placeholders in {language}")
    return content["strings"]


def check_views(path, sources, complain):
    """The catalogue has what these views show, and nothing else."""
    strings, used = catalogue(path, complain), set()
    for source in sources:
        text = source.read_text()
        if "import SwiftUI" not in text:
            continue
        try:
            for line, pattern in literals.keys(text):
                found = {key for key in strings if pattern.fullmatch(key)}
                if not found:
                    complain(source, f"line {line}: {path.name} has no key {pattern.pattern}")
                used |= found
        except literals.Unclear as unclear:
            complain(source, unclear)
    for key in strings.keys() - used:
        complain(path, f"“{key}” is shown nowhere")


def check_errors(path, source, complain):
    """The catalogue translates the errors of the package, whose English texts stand in its source."""
    strings = catalogue(path, complain)
    english = dict(re.findall(r'text\(\s*"([\w.]+)",\s*"([^"]+)"\)', source.read_text()))
    for key in english.keys() ^ strings.keys():
        complain(path, f"“{key}” is not in both the catalogue and {source.name}")
    for key in english.keys() & strings.keys():
        if texts(strings[key]["localizations"]["en"])[""]["value"] != english[key]:
            complain(path, f"“{key}” has another English text in {source.name}")
