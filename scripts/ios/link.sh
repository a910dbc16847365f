# link.sh ARCHIVE OUT: links the archive as an app does, without what nobody calls and stripped, and
# writes the linker's map beside it as OUT.map. On Linux, what Apple's libraries give stays open.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

"$NM" --extern-only --defined-only --format=just-symbols "$1" 2>/dev/null |
  grep -E '^_(uniffi|ffi)_' | sort -u >"$2.exports"
options=(-dead_strip -x -exported_symbols_list "$2.exports" -map "$2.map")
if [ "$(uname -s)" = Darwin ]; then
  xcrun --sdk iphoneos clang -target "arm64-apple-ios$IPHONEOS_DEPLOYMENT_TARGET" -dynamiclib \
    -framework CoreFoundation -framework Security "${options[@]/#/-Wl,}" -o "$2" "$1"
else
  ld64.lld-19 -arch arm64 -platform_version ios "$IPHONEOS_DEPLOYMENT_TARGET" 17.0 -dylib \
    -undefined dynamic_lookup "${options[@]}" -o "$2" "$1"
fi
