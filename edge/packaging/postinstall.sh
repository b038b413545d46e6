#!/bin/sh
# After the files are there: enables the service at the first installation, and
# starts it, at an update anew.
set -e

command -v systemctl >/dev/null || exit 0
case ${1:-} in
configure) # Debian's word; $2 is the version before
	[ -n "${2:-}" ] || systemctl --no-reload enable sysinfo-reporter.service
	;;
1) # Red Hat's: so many are there now
	systemctl --no-reload enable sysinfo-reporter.service
	;;
esac
[ -d /run/systemd/system ] || exit 0 # an image that is being built
systemctl daemon-reload
if systemctl --quiet is-enabled sysinfo-reporter.service; then
	systemctl restart sysinfo-reporter.service
fi
