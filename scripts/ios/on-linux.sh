# on-linux.sh PROFILE CRATES…: runs inside the private root; see scripts/check-ios.
# Debian's Rust has no standard library for iOS, so cargo builds it from source (RUSTC_BOOTSTRAP
# lets a stable compiler do that).
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
profile="$1"
shift

export DARWIN_HEADERS=/opt/truebadge/darwin-headers
export RUSTC_BOOTSTRAP=1 IPHONEOS_DEPLOYMENT_TARGET=16.0 SDKROOT=/opt/truebadge CRATE_CC_NO_DEFAULTS=1
export CC_aarch64_apple_ios="$here/cc" AR_aarch64_apple_ios=llvm-ar-19

bash "$here/build.sh" "$profile" llvm-nm-19 "$@" -- -Zbuild-std=std,panic_unwind

archive="$CARGO_TARGET_DIR/aarch64-apple-ios/release/libtruebadge_ffi.a"
if [ "$profile" = release ] && [ -e "$archive" ]; then
  bash "$here/size.sh" "$archive" "$CARGO_TARGET_DIR/truebadge_ffi.dylib"
fi
