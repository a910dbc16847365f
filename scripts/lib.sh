# Shared by every script here; sourced, never run. Written for bash 3.2, which is what macOS has.
#
# Words: the *toolchain* is where Swift 6 comes from: the machine's own `swift`, or else a private
# Debian root that scripts/setup makes and that the scripts enter with chroot.

set -euo pipefail

REPO="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
TOOLCHAIN_SUITE=trixie

# shellcheck disable=SC2034 # the scripts that source this use them
if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\033[1m' RED=$'\033[31m' GREEN=$'\033[32m' RESET=$'\033[0m'
else
  BOLD='' RED='' GREEN='' RESET=''
fi

# Everything said to a person goes to stderr, so that stdout stays what the command printed.
heading() { printf '%s==> %s%s\n' "$BOLD" "$*" "$RESET" >&2; }
say() { printf '    %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
is_macos() { [ "$(uname -s)" = Darwin ]; }
is_linux() { [ "$(uname -s)" = Linux ]; }

# die SENTENCE: the set-up or the call is wrong; the sentence says what to do. Exit code 2.
die() {
  printf '%s%s: %s%s\n' "$RED" "$(basename "$0")" "$*" "$RESET" >&2
  exit 2
}

# show_help: prints the comment block that opens the calling script.
show_help() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# Where cargo puts what it builds, as an absolute path.
target_dir() {
  local dir="${CARGO_TARGET_DIR:-$REPO/target}"
  case "$dir" in /*) ;; *) dir="$PWD/$dir" ;; esac
  mkdir -p "$dir"
  (cd "$dir" && pwd -P)
}

# run_logged WHAT COMMAND…: runs a long command with its output in a file; says how long it took,
# or shows the end of the file and fails.
run_logged() {
  local what="$1" log start
  shift
  log="$(mktemp "${TMPDIR:-/tmp}/truebadge-setup.XXXXXX")"
  start=$SECONDS
  say "$what (log: $log)"
  if "$@" >"$log" 2>&1 </dev/null; then
    say "  done in $((SECONDS - start)) s"
    rm -f "$log"
  else
    tail -n 30 "$log" >&2
    die "$what did not work: its last lines are above, all of it is in $log"
  fi
}

# --- the toolchain -------------------------------------------------------------------------------

# Is there a Swift 6 or newer on the path?
swift_on_path() {
  [ "${TRUEBADGE_SWIFT:-}" != private ] && have swift || return 1
  local major
  major="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\).*/\1/p' | head -n 1)"
  [ "${major:-0}" -ge 6 ]
}

# The private Debian root. Outside the checkout, so that several checkouts share one.
toolchain_root() {
  printf '%s\n' "${TRUEBADGE_TOOLCHAIN:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/truebadge/$TOOLCHAIN_SUITE}"
}

# toolchain_has swift|ios: has scripts/setup finished installing this part of the private root?
# (The stamps are written last, and the root appears by a rename: there is no half-made one.)
toolchain_has() { [ -e "$(toolchain_root)/etc/truebadge/$1" ]; }

swift_available() { swift_on_path || { is_linux && toolchain_has swift; }; }

# enter_toolchain COMMAND…: becomes COMMAND inside the private root, in the same folder and with the
# same absolute paths. The mounts live in a namespace of their own and vanish with the process;
# every step is an exec, so signals reach COMMAND and its output passes through untouched.
enter_toolchain() {
  local root user_ns=()
  root="$(toolchain_root)"
  [ -x "$root/bin/sh" ] || die "there is no toolchain at $root: run scripts/setup first"
  [ "$(id -u)" = 0 ] || user_ns=(--user --map-root-user)
  exec unshare --mount --propagation private ${user_ns[@]+"${user_ns[@]}"} -- \
    bash "$REPO/scripts/enter.sh" "$root" "$PWD" "$REPO" "$(target_dir)" "$@"
}

# where_ios_compiles COMMAND…: runs COMMAND in the checkout where the compilers for iPhones are, with a
# build folder for it.
where_ios_compiles() {
  local out
  out="$(target_dir)/ios"
  mkdir -p "$out"
  (
    cd "$REPO"
    if is_macos; then
      CARGO_TARGET_DIR="$out" PYTHONDONTWRITEBYTECODE=1 exec "$@"
    fi
    toolchain_has ios || die "the iOS compilers are not there: run scripts/setup"
    enter_toolchain env CARGO_TARGET_DIR="$out" PYTHONDONTWRITEBYTECODE=1 ${CI:+CI="$CI"} "$@"
  )
}

# sha256 FILE: as SwiftPM wants it.
sha256() { if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

XCFRAMEWORK=TrueBadgeCoreRust.xcframework
# Where Package.swift looks for it in a checkout.
XCFRAMEWORK_PLACE=uniffi-bindings/swift/$XCFRAMEWORK

# The version that all parts of the project have.
project_version() { sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$REPO/Cargo.toml"; }

# --- building ------------------------------------------------------------------------------------

# Where cargo puts debug builds for this machine: the programs and the core's library.
host_library_dir() { printf '%s\n' "$(target_dir)/debug"; }

# The two Swift packages: the one that apps add, and the phone. SwiftPM's build folders lie beside
# cargo's, so that a checkout on a shared disk can move both.
swift_build_dir() { printf '%s/swift/%s\n' "$(target_dir)" "$1"; }
swift_phone() { printf '%s/debug/truebadge-phone\n' "$(swift_build_dir phone)"; }

# The demo is built along: the same crates at once have the same features, and are compiled once.
build_rust() {
  have cc || "$REPO/scripts/setup" --rust-only || exit 2
  cargo build -p truebadge-relay -p apns-sim -p rust-phone -p end-to-end -p transport-contract --bins
  cargo build -p truebadge-ffi
}

build_swift_phone() { swift_package phone build --product truebadge-phone; }

# swift_package library|phone build|test ARGS…: SwiftPM on that package, linked to the library that
# build_rust made. The manifest cannot say where that is (unsafeFlags would bar it as a dependency).
swift_package() {
  local package="$1" command="$2" folder=. lib options=()
  shift 2
  # Swift 6.0 on Linux: its libswiftObservation wants a function of another of its libraries, which
  # exports none (https://github.com/swiftlang/swift/issues/75670). Nothing calls it.
  is_macos || options=(-Xlinker --allow-shlib-undefined)
  [ "$package" = library ] || folder=ios-app/PhoneHost
  lib="$(host_library_dir)"
  (cd "$REPO" && TRUEBADGE_CORE=host scripts/swift "$command" --package-path "$folder" \
    --scratch-path "$(swift_build_dir "$package")" \
    -Xlinker -L"$lib" -Xlinker -rpath -Xlinker "$lib" ${options[@]+"${options[@]}"} "$@")
}
