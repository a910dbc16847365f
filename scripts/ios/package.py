"""Puts slices together as an XCFramework without headers, and as a zip that SwiftPM takes.

package.py FRAMEWORK --slice IDENTIFIER ARCHIVE ARCHITECTURE… [--slice …] [--comment TEXT]
package.py FRAMEWORK --zip ZIP

Two steps, because a signature comes between them.

The same input gives the same bytes: names in order, no times, no owners. Only what Python has.
"""

import argparse
import hashlib
import pathlib
import plistlib
import shutil
import zipfile

LIBRARY = "libtruebadge_ffi.a"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name


def library(identifier, architectures):
    entry = {
        "BinaryPath": LIBRARY,
        "LibraryIdentifier": identifier,
        "LibraryPath": LIBRARY,
        "SupportedArchitectures": sorted(architectures),
        "SupportedPlatform": "ios",
    }
    if identifier.endswith("-simulator"):
        entry["SupportedPlatformVariant"] = "simulator"
    return entry


def write_framework(framework, slices, comment):
    for identifier, archive, _ in slices:
        folder = framework / identifier
        folder.mkdir(parents=True)
        shutil.copyfile(archive, folder / LIBRARY)
    plist = plistlib.dumps(
        {
            "AvailableLibraries": [library(name, kinds) for name, _, kinds in sorted(slices)],
            "CFBundlePackageType": "XFWK",
            "XCFrameworkFormatVersion": "1.0",
        }
    )
    if comment:
        head, mark, tail = plist.partition(b"<plist")
        plist = head + f"<!-- {comment} -->\n".encode() + mark + tail
    (framework / "Info.plist").write_bytes(plist)


def write_zip(framework, out):
    files = sorted(path for path in framework.rglob("*") if path.is_file())
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(framework.parent).as_posix(), EPOCH)
            entry.create_system = 3  # Unix, whatever this runs on
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    checksum = hashlib.sha256(out.read_bytes()).hexdigest()
    out.with_name(out.name + ".sha256").write_text(f"{checksum}  {out.name}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("framework", type=pathlib.Path)
    parser.add_argument("--slice", nargs="+", action="append", default=[])
    parser.add_argument("--comment")
    parser.add_argument("--zip", type=pathlib.Path)
    options = parser.parse_args()
    if options.slice:
        slices = [(name, archive, kinds) for name, archive, *kinds in options.slice]
        write_framework(options.framework, slices, options.comment)
    if options.zip:
        write_zip(options.framework, options.zip)


main()
