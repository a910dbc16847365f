# link.sh ARCHIVE OUT: links the archive as an app does, without what nobody calls and stripped, and
# writes the linker's map beside it as OUT.map. What Apple's libraries give stays open.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

"$NM" --extern-only --defined-only --format=just-symbols "$1" 2>/dev/null |
  grep -E '^_(uniffi|ffi)_' | sort -u >"$2.exports"
$LD -arch arm64 -platform_version ios "$IPHONEOS_DEPLOYMENT_TARGET" 17.0 -dylib -dead_strip -x \
  -undefined dynamic_lookup -exported_symbols_list "$2.exports" -map "$2.map" -o "$2" "$1"
