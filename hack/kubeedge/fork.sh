#!/usr/bin/env bash
# Makes a fork of a KubeEdge tree whose router is patched and whose handler pushes
# to a Pushgateway (testdata/fork.patch), builds its cloudcore, and moves it to
# edgegauge by the steps that docs/forks.md has, word by word.
#
#   hack/kubeedge/fork.sh TREE|VERSION FOLDER
#
# FOLDER gets cloudcore-before and cloudcore-after, and the files nodemetrics.yaml
# and mapping.yaml of the page; cloudcore-copied is the unpatched tree with our
# main copied in.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -eq 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m "$2")
mkdir -p "$out"
find_tree "$1"

# written NAME: the block of the page that is marked so.
written() {
	local block
	block=$(awk -v mark="<!-- steps: $1 -->" '$0 == mark { on = 1; next } on && /^<!-- end -->/ { exit } on && !/^```/' "$root/docs/forks.md")
	[ -n "$block" ] || fail "docs/forks.md has no steps: $1" "was it renamed?"
	echo "$block"
}

# follow NAME: does what the block says, in the tree.
follow() {
	begin "follow the steps: $1"
	(cd "$work" && EDGEGAUGE=$root OUT=$out/${2:-} bash -euo pipefail -c "$(written "$1")") || fail "the words are above" "is docs/forks.md right?"
}

# copy: sets work, a tree to write into.
copy() {
	begin "copy the tree"
	work=$cache/fork
	rm -rf "$work"
	cp -a "$tree" "$work"
	chmod -R u+w "$work"
}

patched() {
	copy
	begin "patch it"
	patch -d "$work" -p1 --quiet <"$here/testdata/fork.patch" || fail "the patch does not fit $version" "it was made for v1.23.1"
}

patched
begin "build the fork as it was"
(cd "$work" && CGO_ENABLED=0 go build -mod=mod -buildvcs=false -trimpath -o "$out/cloudcore-before" ./$command) || fail "the compiler's words are above" "does the tree build unpatched?"

begin "put the module in the handler's place"
server=$work/$command/app/server.go
written handler >"$out/handler"
sed -i -e "/AddListener(\"bus\/node\/monitor\"/{
	r $out/handler
	d
}" -e 's|"github.com/kubeedge/kubeedge/cloud/pkg/nodemonitor"|"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"|' "$server"
rm "$out/handler"
gofmt -w "$server" # the order of imports
rm -r "$work/cloud/pkg/nodemonitor"
follow patched
follow build cloudcore-after
written config >"$out/nodemetrics.yaml"
written mapping >"$out/mapping.yaml"

copy
follow stock
follow build cloudcore-copied
rm -rf "$work"
say "built $(cd "$out" && echo cloudcore-*)"
