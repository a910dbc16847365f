"""Checks an XCFramework as far as that is possible without Xcode.

check.py FRAMEWORK --image LINKED --header HEADER --privacy MANIFEST --swift FOLDER

LINKED is the device's library linked as an app links it: what it still wants from Apple's libraries
is what an app will call.
"""

import argparse
import pathlib
import plistlib
import re

import macho

MINIMUM = (16, 0)  # Package.swift says the same
SLICES = {
    "ios-arm64": ("ios", {"arm64"}),
    "ios-arm64_x86_64-simulator": ("ios-simulator", {"arm64", "x86_64"}),
}

# https://developer.apple.com/documentation/bundleresources/describing-use-of-required-reason-api
# (getattrlist counts for disk space as well; nobody here calls it)
REQUIRED_REASON = {
    "FileTimestamp": {
        "stat", "fstat", "fstatat", "lstat", "getattrlist", "getattrlistbulk", "fgetattrlist",
        "getattrlistat", "creationDate", "modificationDate", "fileModificationDate",
        "contentModificationDateKey", "creationDateKey",
    },
    "SystemBootTime": {"mach_absolute_time", "systemUptime"},
    "DiskSpace": {
        "statfs", "fstatfs", "statvfs", "fstatvfs", "volumeAvailableCapacityKey",
        "volumeAvailableCapacityForImportantUsageKey", "volumeAvailableCapacityForOpportunisticUsageKey",
        "volumeTotalCapacityKey", "systemFreeSize", "systemSize",
    },
    "ActiveKeyboards": {"activeInputModes"},
    "UserDefaults": {"UserDefaults"},
}  # fmt: skip

# What an app may not do on iOS, or must not do behind its developer's back.
FORBIDDEN = re.compile(
    r"_(v?fork|exec[lv]\w*|posix_spawnp?|system|popen|ptrace|dlopen|pthread_jit\w*|mach_vm_\w+|task_for_pid"
    r"|syscall|NSLog|exit)"
)
# Without it nobody reads the core's log on an iPhone.
LOG = "__os_log_impl"
# How the names of Apple's libraries begin that Package.swift links: Security, CoreFoundation; and of the one
# that is always linked (CommonCrypto in libSystem). What has no such capitals is libSystem's as well.
LINKED = ("_Sec", "_kSec", "_CF", "_kCF", "_CC")


class Findings:
    """What is wrong, collected so that one run tells all of it."""

    def __init__(self):
        self.wrong = []

    def want(self, holds, sentence):
        if not holds:
            self.wrong.append(sentence)

    def same(self, have, wanted, what):
        self.want(not wanted - have, f"{what}: missing {', '.join(sorted(wanted - have)[:5])}")
        self.want(not have - wanted, f"{what}: unexpected {', '.join(sorted(have - wanted)[:5])}")


def interface(header):
    return {"_" + name for name in re.findall(r"\b((?:uniffi|ffi)_truebadge_ffi_\w+)\(", header.read_text())}


def check_layout(framework, findings):
    """The slices that Info.plist promises, as (identifier, library)."""
    listed = plistlib.loads((framework / "Info.plist").read_bytes())["AvailableLibraries"]
    findings.same({entry["LibraryIdentifier"] for entry in listed}, set(SLICES), "slices")
    found = {path.relative_to(framework) for path in framework.rglob("*") if path.is_file()}
    wanted = {pathlib.Path("Info.plist")}
    for entry in listed:
        path = pathlib.Path(entry["LibraryIdentifier"], entry["LibraryPath"])
        wanted.add(path)
        _, architectures = SLICES.get(entry["LibraryIdentifier"], (None, set()))
        findings.same(set(entry["SupportedArchitectures"]), architectures, f"architectures of {path}")
        yield entry["LibraryIdentifier"], framework / path
    # Headers of two static frameworks in one app overwrite each other, so there are none.
    found = {path for path in found if path.parts[0] != "_CodeSignature"}
    findings.same({str(path) for path in found}, {str(path) for path in wanted}, "files")


def check_library(identifier, library, wanted, findings):
    platform, architectures = SLICES[identifier]
    defined = {name: set() for name in architectures}
    for item in macho.read(library):
        if item.platform is None and not item.defined:
            continue  # only metadata
        where = f"{identifier}: {item.name} ({item.architecture})"
        findings.want(item.platform == platform, f"{where} is for {item.platform}, not {platform}")
        findings.want(
            item.minimum is not None and item.minimum <= MINIMUM, f"{where} needs iOS {item.minimum}"
        )
        defined.setdefault(item.architecture, set()).update(item.defined)
    findings.same(set(defined), architectures, f"{identifier}: architectures")
    for architecture, symbols in defined.items():
        where = f"{identifier} ({architecture})"
        findings.same(
            {name for name in symbols if name.startswith(("_uniffi_", "_ffi_"))}, wanted, f"{where}: interface"
        )
        # An app may have its own SQLite, or another Rust library: no name of ours may be taken for theirs.
        clashing = {
            name for name in symbols - wanted if not name.startswith(("_truebadge_", "__ZN", "__R", "___truebadge"))
        }
        findings.want(not clashing, f"{where}: names that may clash: {', '.join(sorted(clashing)[:5])}")


def check_calls(image, findings):
    """What the linked library calls; returns the categories of calls for which Apple wants a reason."""
    called = {symbol.partition("$")[0] for symbol in image.undefined}
    for symbol in sorted(called):
        findings.want(not FORBIDDEN.fullmatch(symbol), f"calls {symbol[1:]}, which no app may")
    findings.want(LOG in called, "nothing calls os_log: the log does not reach iOS")
    for name in sorted(called):
        findings.want(name.startswith(LINKED) or not re.match(r"_k?[A-Z]{2}", name), f"{name} is in no library that Package.swift links")
    return {
        category
        for category, symbols in REQUIRED_REASON.items()
        if {"_" + symbol for symbol in symbols} & called
    }


def swift_categories(folder):
    """The same for the package's own Swift."""
    words = set()
    for path in folder.rglob("*.swift"):
        words.update(re.findall(r"\w+", path.read_text()))
    return {category for category, symbols in REQUIRED_REASON.items() if symbols & words}


def declared(manifest):
    prefix = "NSPrivacyAccessedAPICategory"
    for entry in plistlib.loads(manifest.read_bytes())["NSPrivacyAccessedAPITypes"]:
        yield entry["NSPrivacyAccessedAPIType"].removeprefix(prefix), entry["NSPrivacyAccessedAPITypeReasons"]


def examine(framework, image, header, privacy, swift):
    """What is wrong with the framework, and what a person wants to read about it."""
    findings = Findings()
    wanted = interface(header)
    for identifier, library in check_layout(framework, findings):
        if identifier in SLICES:
            check_library(identifier, library, wanted, findings)
    (linked,) = macho.read(image)
    findings.same(linked.defined, wanted, "what the linked library exports")
    needed = check_calls(linked, findings) | swift_categories(swift)
    reasons = dict(declared(privacy))
    findings.same(set(reasons), needed, f"{privacy.name}: calls for which Apple wants a reason")
    summary = [
        f"{', '.join(sorted(SLICES))}: for iOS {MINIMUM[0]}.{MINIMUM[1]}, no headers",
        f"{len(wanted)} functions, as in {header.name}; {len(linked.undefined)} of Apple's are called",
        "reasons in the privacy manifest: "
        + ", ".join(f"{category} {'+'.join(codes)}" for category, codes in sorted(reasons.items())),
    ]
    return findings.wrong, summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("framework", type=pathlib.Path)
    for name in ("--image", "--header", "--privacy", "--swift"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    wrong, summary = examine(**vars(parser.parse_args()))
    for sentence in wrong:
        print(f"    wrong: {sentence}")
    if wrong:
        raise SystemExit(1)
    for sentence in summary:
        print(f"    {sentence}")


if __name__ == "__main__":
    main()
