"""check.py sees what it is there for: small frameworks, each with one thing wrong."""

import os
import pathlib
import plistlib
import subprocess
import sys
import tempfile
import unittest

import check

INTERFACE = "int uniffi_truebadge_ffi_fn_count(void)"


def code(returns="0", more=""):
    """C that calls what the core calls too, and `returns`."""
    calls = f"int fstat(int, void *), _os_log_impl(void); {more}"
    return f"{calls} {INTERFACE} {{ return fstat(0, 0) + _os_log_impl() + {returns}; }}"

HERE = pathlib.Path(__file__).parent


class Framework(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "core.h").write_text(INTERFACE + ";\n")
        (self.folder / "swift").mkdir()
        self.declare(FileTimestamp="C617.1")

    def declare(self, **reasons):
        entries = [
            {
                "NSPrivacyAccessedAPIType": f"NSPrivacyAccessedAPICategory{category}",
                "NSPrivacyAccessedAPITypeReasons": [code],
            }
            for category, code in reasons.items()
        ]
        (self.folder / "PrivacyInfo.xcprivacy").write_bytes(plistlib.dumps({"NSPrivacyAccessedAPITypes": entries}))

    def library(self, target, code):
        """An archive of one object."""
        name = self.folder / target
        name.with_suffix(".c").write_text(code)
        self.run_tool("clang", "-target", target, "-c", "-o", f"{name}.o", name.with_suffix(".c"))
        self.run_tool("llvm-ar-19", "--format=darwin", "rcD", f"{name}.a", f"{name}.o")
        return f"{name}.a"

    def run_tool(self, *command):
        subprocess.run([str(part) for part in command], check=True, capture_output=True)

    def make(self, source=code(), minimum="16.0", device="ios"):
        phone = self.library(f"arm64-apple-{device}{minimum}", source)
        simulators = [self.library(f"{kind}-apple-ios{minimum}-simulator", source) for kind in ("arm64", "x86_64")]
        both = self.folder / "simulators.a"
        self.run_tool("llvm-lipo-19", "-create", *simulators, "-output", both)
        self.framework = self.folder / "Core.xcframework"
        self.run_tool(
            sys.executable, HERE / "package.py", self.framework,
            "--slice", "ios-arm64", phone, "arm64",
            "--slice", "ios-arm64_x86_64-simulator", both, "arm64", "x86_64",
        )  # fmt: skip
        self.image = self.folder / "linked"
        self.run_tool(
            "ld64.lld-19", "-arch", "arm64", "-platform_version", device, minimum, "18.0", "-dylib", "-all_load",
            "-undefined", "dynamic_lookup", "-exported_symbol", "_uniffi_*", "-o", self.image, phone,
        )  # fmt: skip

    def wrong(self):
        sentences, _ = check.examine(
            self.framework,
            self.image,
            self.folder / "core.h",
            self.folder / "PrivacyInfo.xcprivacy",
            self.folder / "swift",
        )
        return "\n".join(sentences)

    def test_a_framework_as_it_should_be_has_nothing_wrong(self):
        self.make()
        self.assertEqual(self.wrong(), "")

    def test_an_object_that_needs_a_newer_ios_is_seen(self):
        self.make(minimum="16.1")
        self.assertIn("needs iOS (16, 1)", self.wrong())

    def test_an_object_for_another_platform_is_seen(self):
        self.make(device="macos")
        self.assertIn("is for macos, not ios", self.wrong())

    def test_a_function_that_the_header_promises_and_the_library_lacks_is_seen(self):
        (self.folder / "core.h").write_text(f"{INTERFACE};\nvoid uniffi_truebadge_ffi_fn_gone(void);\n")
        self.make()
        self.assertIn("missing _uniffi_truebadge_ffi_fn_gone", self.wrong())

    def test_a_name_that_an_app_may_have_too_is_seen(self):
        self.make(code(more="int sqlite3_open(void) { return 0; }"))
        self.assertIn("names that may clash: _sqlite3_open", self.wrong())

    def test_a_call_that_no_app_may_make_is_seen(self):
        self.make(code("fork()", "int fork(void);"))
        self.assertIn("calls fork", self.wrong())

    def test_a_call_into_a_library_that_is_not_linked_is_seen(self):
        self.make(code("UIBeep()", "int UIBeep(void);"))
        self.assertIn("_UIBeep is in no library", self.wrong())

    def test_a_core_without_a_log_is_seen(self):
        self.make(f"int fstat(int, void *); {INTERFACE} {{ return fstat(0, 0); }}")
        self.assertIn("the log does not reach iOS", self.wrong())

    def test_a_call_without_the_reason_that_apple_wants_is_seen(self):
        self.declare(DiskSpace="E174.1")
        self.make()
        self.assertIn("missing FileTimestamp", self.wrong())
        self.assertIn("unexpected DiskSpace", self.wrong())

    def test_the_packages_own_swift_counts_as_well(self):
        (self.folder / "swift" / "Space.swift").write_text("values.volumeAvailableCapacityForImportantUsageKey\n")
        self.make()
        self.assertIn("missing DiskSpace", self.wrong())

    def test_headers_are_seen(self):
        self.make()
        headers = self.framework / "ios-arm64" / "Headers"
        headers.mkdir()
        (headers / "module.modulemap").touch()
        self.assertIn("unexpected ios-arm64/Headers/module.modulemap", self.wrong())

    def test_a_slice_that_is_missing_is_seen(self):
        self.make()
        plist = self.framework / "Info.plist"
        content = plistlib.loads(plist.read_bytes())
        del content["AvailableLibraries"][0]
        plist.write_bytes(plistlib.dumps(content))
        self.assertIn("slices: missing ios-arm64", self.wrong())

    def test_packaging_is_the_same_whenever_it_is_done(self):
        self.make()
        zips = []
        for moment in (0, 1_000_000_000):
            os.utime(self.framework / "Info.plist", (moment, moment))
            out = self.folder / f"{moment}.zip"
            self.run_tool(sys.executable, HERE / "package.py", self.framework, "--zip", out)
            zips.append(out.read_bytes())
        self.assertEqual(*zips)


if __name__ == "__main__":
    unittest.main()
