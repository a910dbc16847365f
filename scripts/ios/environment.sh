# Sourced by what compiles for iPhones and looks at the result: how to call the compilers and LLVM's
# tools. On macOS Xcode and rustup have all of them; on Linux it runs inside the private root.
# Needs CARGO_TARGET_DIR.
# shellcheck shell=bash disable=SC2034 # the scripts that source this use them
set -euo pipefail

IOS_SCRIPTS="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
IOS_REPO="$(cd "$IOS_SCRIPTS/../.." && pwd -P)"

# Package.swift says the same.
export IPHONEOS_DEPLOYMENT_TARGET=16.0

sysroot="$(rustc --print sysroot)"
if [ "$(uname -s)" = Darwin ]; then
  llvm="$sysroot/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin"
  NM="$llvm/llvm-nm" AR="$llvm/llvm-ar" OBJCOPY="$llvm/llvm-objcopy"
  LIPO="xcrun lipo" DEMANGLE="xcrun c++filt --strip-underscore"
  BUILD_STD=()
else
  NM=llvm-nm-19 AR=llvm-ar-19 OBJCOPY=llvm-objcopy-19
  LIPO=llvm-lipo-19 DEMANGLE="llvm-cxxfilt-19 --strip-underscore"
  # Debian's Rust has no standard library for iOS, so cargo builds it from source (RUSTC_BOOTSTRAP
  # lets a stable compiler do that).
  BUILD_STD=(-Zbuild-std=std,panic_unwind)
  export RUSTC_BOOTSTRAP=1 DARWIN_HEADERS=/opt/truebadge/darwin-headers SDKROOT=/opt/truebadge
  for target in aarch64_apple_ios aarch64_apple_ios_sim x86_64_apple_ios; do
    export "CC_$target=$IOS_SCRIPTS/cc" "AR_$target=llvm-ar-19"
  done
fi
export DEMANGLE # the report calls it
