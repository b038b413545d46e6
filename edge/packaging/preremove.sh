#!/bin/sh
# Before the files go for good: stops the service. An update starts it anew
# when the new files are there.
set -e

case ${1:-} in
remove | 0) ;; # Debian's word, Red Hat's
*) exit 0 ;;
esac
[ -d /run/systemd/system ] || exit 0
systemctl --no-reload disable --now sysinfo-reporter.service || true
