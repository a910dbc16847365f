# report.sh IMAGE [--symbols]: what makes an image that link.sh linked large.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec python3 "$IOS_SCRIPTS/size_report.py" "$1" "$1.map" "${@:2}"
