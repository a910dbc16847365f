# build.sh PROFILE NM CRATES… [-- CARGO-ARGS…]: compiles the crates for aarch64-apple-ios and looks
# at the symbols. Needs CARGO_TARGET_DIR.
set -euo pipefail

profile="$1" nm="$2"
shift 2
crates=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  crates+=("$1")
  shift
done
[ $# = 0 ] || shift
target=aarch64-apple-ios
case "$profile" in dev) folder=debug ;; *) folder="$profile" ;; esac
built="$CARGO_TARGET_DIR/$target/$folder"

# uses ARCHIVE SYMBOL-PATTERN WHAT
uses() {
  local symbols
  symbols="$("$nm" "$1" 2>/dev/null | grep -E "$2" || true)"
  if [ -z "$symbols" ]; then
    echo "check-ios: $3: no symbol like $2 in $1" >&2
    return 1
  fi
  echo "    $3: $(printf '%s\n' "$symbols" | head -n 1 | sed 's/^ *//')"
}

for crate in "${crates[@]}"; do
  kind=()
  [ "$crate" != truebadge-ffi ] || kind=(--crate-type staticlib)
  cargo rustc ${CI:+--locked} --profile "$profile" --target "$target" -p "$crate" --lib "$@" \
    ${kind[@]+"${kind[@]}"}
  echo "    $crate compiles for $target"
  case "$crate" in
    truebadge-engine)
      uses "$built/libtruebadge_engine.rlib" 'tracing_oslog.*OsLogger3new' "the engine logs through tracing-oslog"
      ;;
    truebadge-ffi)
      uses "$built/libtruebadge_ffi.a" ' U __os_log_impl' "the library calls os_log"
      uses "$built/libtruebadge_ffi.a" ' T _uniffi_' "the library exports its interface"
      ;;
  esac
done
