# package.sh SLICES FRAMEWORK [COMMENT]: makes FRAMEWORK of the libraries that slices.sh compiled. The
# same slices give the same bytes. See scripts/build-xcframework.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

slices="$1" framework="$2" comment="${3:-}"
header="$IOS_REPO/uniffi-bindings/swift/Sources/TrueBadgeCoreFFI/include/TrueBadgeCoreFFI.h"
work="$(mktemp -d "$CARGO_TARGET_DIR/package.XXXXXX")"
trap 'rm -rf "$work"' EXIT

sed -nE 's/.*[ *]((uniffi|ffi)_truebadge_ffi_[a-z0-9_]+)\(.*/_\1/p' "$header" | sort -u >"$work/interface"

# tidy TARGET: without debugging information, and with the C symbols that are not the interface's
# renamed. An app may have an SQLite or another Rust library of its own: neither must be taken for
# the other's. (What Rust mangles carries its crate's hash already.) Members are named anew as well:
# cargo names them after the place of the checkout.
tidy() {
  "$NM" --extern-only --defined-only --format=just-symbols "$slices/$1.a" 2>/dev/null |
    grep -E '^_' | grep -vE '^_(_ZN|_R|R)' | sort -u |
    comm -23 - "$work/interface" | sed -E 's/^_(.*)$/_\1 _truebadge_\1/' >"$work/$1.renamed"
  "$OBJCOPY" --strip-debug --redefine-syms "$work/$1.renamed" "$slices/$1.a" "$work/$1.renamed.a"
  mkdir "$work/$1"
  (
    cd "$work/$1"
    "$AR" x "$work/$1.renamed.a"
    number=100
    while IFS= read -r member; do
      mv "$member" "$number-$(printf '%s' "$member" | sed -E 's/^[0-9a-f]{16}-//; s/^.*-cgu/cgu/')"
      number=$((number + 1))
    done < <("$AR" t "$work/$1.renamed.a")
    "$AR" --format=darwin rcsD "$work/$1.a" ./*
  )
}

arguments=()
if [ -e "$slices/aarch64-apple-ios.a" ]; then
  tidy aarch64-apple-ios
  arguments+=(--slice ios-arm64 "$work/aarch64-apple-ios.a" arm64)
fi
if [ -e "$slices/aarch64-apple-ios-sim.a" ]; then
  tidy aarch64-apple-ios-sim
  tidy x86_64-apple-ios
  $LIPO -create "$work/aarch64-apple-ios-sim.a" "$work/x86_64-apple-ios.a" -output "$work/simulator.a"
  arguments+=(--slice ios-arm64_x86_64-simulator "$work/simulator.a" arm64 x86_64)
fi
python3 "$IOS_SCRIPTS/package.py" "$framework" "${arguments[@]}" ${comment:+--comment "$comment"}
