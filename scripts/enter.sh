# enter.sh ROOT CWD CHECKOUT TARGET COMMAND…: called by lib.sh in a mount namespace of its own.
# Shows the checkout, the build folder and /tmp inside ROOT under their own names and becomes
# COMMAND there. More folders to show: TRUEBADGE_BIND, separated by colons.
set -euo pipefail

root="$1" cwd="$2" checkout="$3" target="$4"
shift 4

show() { # PATH: the host's PATH, seen at the same place inside
  if [ -d "$1" ]; then
    mkdir -p "$root$1"
  else
    [ -e "$1" ] || return 0
    [ -e "$root$1" ] || : >"$root$1"
  fi
  mount --rbind "$1" "$root$1"
}

show /proc
show /dev
show /tmp
# Names, and the certificates that this machine trusts, are the host's.
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
  show "$file"
done
show "$checkout"
IFS=: read -r -a more <<<"$target:$cwd:${TRUEBADGE_BIND:-}"
for path in "${more[@]}"; do
  case "$path" in
    '' | / | "$checkout" | "$checkout"/* | /tmp | /tmp/*) ;;
    *) show "$path" ;;
  esac
done

# The host's Rust is of no use inside, and its HOME is not there.
unset CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN RUSTC RUSTC_WRAPPER RUSTFLAGS CARGO_ENCODED_RUSTFLAGS \
  LD_PRELOAD XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME
export HOME=/root LANG=C.UTF-8
if [ ! -w "$root/root" ]; then # not root: a home that is kept, and that is ours
  export HOME="$target/home"
  mkdir -p "$HOME"
fi
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/libexec/swift/bin
# shellcheck disable=SC2016 # the inner shell expands these
exec chroot "$root" /bin/sh -c 'cd "$1" || exit 2; shift; exec "$@"' sh "$cwd" "$@"
