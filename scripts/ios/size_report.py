"""What makes the linked library large: size_report.py IMAGE MAP [--symbols]

Adds up the linker's map by part (a crate, SQLite, ring's C) and prints the twenty largest; with
--symbols also the twenty largest functions and tables.
"""

import argparse
import collections
import os
import pathlib
import re
import subprocess

NOT_IN_THE_FILE = {"__bss", "__common", "__thread_bss"}  # zeros, which the loader makes
LINE = re.compile(r"0x([0-9A-Fa-f]+)\s+0x([0-9A-Fa-f]+)\s+\[\s*(\d+)\]\s(.*)")
# C and assembly, by the object file's name.
FOREIGN = {"sqlite3": "SQLite", "wrapper": "tracing-oslog (C)"}


def read_map(text):
    """(symbol, object file, size) of everything that the linker put into the image's file."""
    files, empty, section = {}, [], ""
    for line in text.splitlines():
        if line.startswith("# "):
            section = line
        elif section.startswith("# Object files") and line.startswith("["):
            index, _, name = line[1:].partition("]")
            files[int(index)] = name.strip()
        elif section.startswith("# Address") and section.endswith("Section"):
            address, size, _, name = line.split("\t")
            if name.strip() in NOT_IN_THE_FILE:
                empty.append(range(int(address, 16), int(address, 16) + int(size, 16)))
        elif section.startswith("# Address") and (found := LINE.match(line)):
            address, size, file, name = found.groups()
            if not any(int(address, 16) in zeros for zeros in empty):
                yield name, files[int(file)], int(size, 16)


def demangle(names):
    """Rust's names as a person reads them, of both manglings."""
    done = subprocess.run(
        os.environ["DEMANGLE"].split(), input="\n".join(names), text=True, capture_output=True, check=True
    )
    return done.stdout.split("\n")


def part(name, file):
    """The crate or library that a symbol is counted for; a generic function counts for the crate that wrote it."""
    stem = re.sub(r"^.*\(|\)$|\.o$", "", file)
    if "rcgu" not in stem and "synthesized" not in file:
        # What is neither SQLite's nor the log's is ring's: nobody else brings C or assembly.
        return next((label for key, label in FOREIGN.items() if key in stem), "ring (C and assembly)")
    if crate := re.match(r"[<&*(\[ ]*(?:dyn |mut |const |impl )*([a-z_][a-z0-9_]*)(?:\[[0-9a-f]+\])?::", name):
        return crate.group(1)
    if name.startswith(("uniffi", "ffi")):
        return "truebadge_ffi"
    return "what the linker makes" if "synthesized" in file else "strings and tables of all Rust crates"


def table(title, sizes, whole):
    print(f"    {title}")
    for name, size in sizes.most_common(20):
        print(f"    {size:>9,} {size / whole:6.1%}  {name[:110]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("map", type=pathlib.Path)
    parser.add_argument("--symbols", action="store_true")
    options = parser.parse_args()

    entries = list(read_map(options.map.read_text(errors="replace")))
    names = demangle([name for name, _, _ in entries])
    parts, symbols = collections.Counter(), collections.Counter()
    for name, (_, file, size) in zip(names, entries):
        parts[part(name, file)] += size
        symbols[name] += size
    whole = options.image.stat().st_size
    parts["the linker's tables (unwinding, fixups, symbols)"] = whole - sum(parts.values())
    table(f"{whole:,} bytes; the twenty largest parts:", parts, whole)
    if options.symbols:
        table("the twenty largest functions and tables:", symbols, whole)


main()
