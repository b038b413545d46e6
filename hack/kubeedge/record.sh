#!/usr/bin/env bash
# Notes what was done with a version of KubeEdge, and writes the table of
# docs/install.md from what was noted.
#
#   hack/kubeedge/record.sh VERSION built|tested|chart|stack    notes
#   hack/kubeedge/record.sh                                     writes the table
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
notes=${EDGEGAUGE_CACHE:-$root/.cache}/kubeedge/done

if [ $# -eq 2 ]; then
	mkdir -p "$(dirname "$notes")"
	touch "$notes"
	grep -qxF "$1 $2" "$notes" || echo "$1 $2" >>"$notes"
	exit
fi

[ -f "$notes" ] || { echo "nothing was noted in $notes: run hack/kubeedge/all.sh and make e2e first" >&2; exit 1; }
table=$(mktemp)
trap 'rm -f "$table"' EXIT
cut -d' ' -f1 "$notes" | sort -rVu | while read -r version; do
	row="| $version |"
	for what in built tested chart stack; do
		if grep -qxF "$version $what" "$notes"; then row+=" yes |"; else row+=" – |"; fi
	done
	echo "$row"
done >"$table"
cat "$table"
awk -v table="$table" '
	/^<!-- versions -->$/ { print; print "| KubeEdge | built with the exporter | its tests pass in the tree | chart, upgrade | whole stack, end to end |"; print "|---|---|---|---|---|"; while ((getline line < table) > 0) print line; skip = 1; next }
	/^<!-- end versions -->$/ { skip = 0 }
	!skip' "$root/docs/install.md" >"$table.md"
cat "$table.md" >"$root/docs/install.md"
rm -f "$table.md"
