# slices.sh OUT TARGETS… [-- CARGO-ARGS…]: compiles the optimised library for each target, as
# OUT/TARGET.a. See scripts/build-xcframework.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

out="$1"
shift
targets=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  targets+=("$1")
  shift
done
[ $# = 0 ] || shift

# name_sources: panics and the log name source files. As the project's or a crate's, not as this machine's: so
# the library tells nothing about who built it, another checkout gives the same bytes, and it is smaller.
name_sources() {
  local cargo_home="${CARGO_HOME:-$HOME/.cargo}" registry
  cargo fetch --quiet ${CI:+--locked} --target aarch64-apple-ios
  RUSTFLAGS="--remap-path-prefix=$IOS_REPO=truebadge --remap-path-prefix=$sysroot/lib/rustlib/src/rust=rust"
  for registry in "$cargo_home"/registry/src/*; do
    RUSTFLAGS+=" --remap-path-prefix=$registry=crates"
  done
  export RUSTFLAGS CFLAGS="-ffile-prefix-map=$cargo_home=cargo -ffile-prefix-map=$CARGO_TARGET_DIR=target"
}

mkdir -p "$out"
name_sources
for target in "${targets[@]}"; do
  echo "    compiling for $target" >&2
  cargo rustc ${CI:+--locked} --release --target "$target" -p truebadge-ffi --lib --crate-type staticlib \
    ${BUILD_STD[@]+"${BUILD_STD[@]}"} "$@"
  cp "$CARGO_TARGET_DIR/$target/release/libtruebadge_ffi.a" "$out/$target.a"
  if [ ${#BUILD_STD[@]} -gt 0 ]; then
    # Where the standard library is compiled along, this part of it stays LLVM's bitcode, which no
    # linker here reads. Apple's linker brings the same functions (compiler-rt).
    "$AR" t "$out/$target.a" | grep '^compiler_builtins' | xargs "$AR" d "$out/$target.a"
  fi
done
