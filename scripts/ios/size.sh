# size.sh ARCHIVE OUT: links the archive as an app would, without what nobody calls, and says how
# big that is. Linux only: undefined Apple symbols are left for the app.
set -euo pipefail

llvm-nm-19 -g --defined-only "$1" 2>/dev/null |
  awk '$3 ~ /^_(uniffi_|ffi_)/ { print $3 }' | sort -u >"$2.exports"
ld64.lld-19 -arch arm64 -platform_version ios 16.0 17.0 -dylib -dead_strip \
  -undefined dynamic_lookup -exported_symbols_list "$2.exports" -x -o "$2" "$1"
echo "    linked and stripped: $(($(wc -c <"$2") / 1024)) KB, $(wc -l <"$2.exports") exported functions"
