#!/bin/sh
# Installs packages of Debian's that are missing:
#
#   hack/packages.sh [COMMAND=]PACKAGE...
#
# With a command, a package counts as installed if that command is there, wherever
# it came from. A server among them is installed but not started. As another user than root it
# asks sudo. On a fresh machine something else often holds the package manager's
# locks, so it waits for them.
set -eu

patience=300 # seconds

PATH=$PATH:/usr/sbin:/sbin
missing=
for wanted; do
	case $wanted in
	*=*) command -v "${wanted%%=*}" >/dev/null && continue ;;
	*) dpkg-query -W -f '${Status}' "$wanted" 2>/dev/null | grep -q 'ok installed' && continue ;;
	esac
	missing="$missing ${wanted#*=}"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "These packages of Debian's are missing, and apt-get is not here:$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "These packages of Debian's are missing; only root can install them:$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "installing$missing"

# apt-get waits for dpkg's lock by the option, but not for that of its lists.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
waited=0
until $sudo apt-get -o DPkg::Lock::Timeout=$patience update -qq >"$log" 2>&1; do
	if ! grep -q 'Could not get lock' "$log" || [ $waited -ge $patience ]; then
		cat "$log" >&2
		exit 1
	fi
	sleep 2
	waited=$((waited + 2))
done
# shellcheck disable=SC2086 # a list of packages
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	apt-get -o DPkg::Lock::Timeout=$patience install -y -qq --no-install-recommends $missing >"$log" 2>&1 ||
	{ cat "$log" >&2; exit 1; }
