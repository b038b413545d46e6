# shellcheck shell=bash
# The steps that build.sh and test.sh share. Nothing here writes into the tree:
# copies of its go.mod and go.sum take the changes, and our main is laid over the
# tree's by the compiler alone.

export GOWORK=off # a tree's go.work would forbid -modfile
unset GOFLAGS     # what a shell has set for other work

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${EDGEGAUGE_CACHE:-$root/.cache}/kubeedge

kubeedge=github.com/kubeedge/kubeedge
edgegauge=github.com/edgegauge/edgegauge
command=cloud/cmd/cloudcore # of the tree, and ours

step=start
say() { echo "kubeedge: $*" >&2; }
# begin STEP: what is being done, for the error that ends it.
begin() { step=$1; }
# fail WHAT CURE...: ends with the step, what was wrong in it, and what helps.
fail() {
	say "step \"$step\" failed: $1"
	shift
	local cure
	for cure in "$@"; do say "  $cure"; done
	exit 1
}

# find_tree TREE|VERSION: sets tree, a folder with KubeEdge's source, and version,
# which is empty where only the tree itself can tell.
find_tree() {
	begin "find the tree"
	version=${KUBEEDGE_VERSION:-}
	if [[ $1 =~ ^v[0-9]+\.[0-9]+\.[0-9]+[-+.0-9A-Za-z]*$ ]] && [ ! -d "$1" ]; then
		fetch_tree "$1"
	elif [ -d "$1" ]; then
		tree=$(cd "$1" && pwd -P)
	else
		fail "$1 is neither a folder nor a version such as v1.23.1" \
			"give the folder of a KubeEdge checkout, or a version"
	fi
	[ -f "$tree/go.mod" ] || fail "$tree has no go.mod" "give the folder that holds KubeEdge's go.mod"
	local module
	module=$(cd "$tree" && go mod edit -json | sed -n '/"Module"/,/}/s/.*"Path": "\(.*\)".*/\1/p')
	[ "$module" = "$kubeedge" ] || fail "$tree/go.mod says module $module" \
		"the tree must be KubeEdge or a fork of it that has kept its module path, $kubeedge"
	[ -d "$tree/$command/app" ] || fail "$tree has no $command/app" \
		"cloudcore's command is taken from there, as KubeEdge has it since v1.0"
	tree_version
	say "tree: $tree, KubeEdge ${version:-of an unknown version}"
	local vendor="it does not vendor"
	[ ! -d "$tree/vendor" ] || vendor="it vendors; the build takes the same versions from the module proxy instead (-mod=mod)"
	say "go.mod: go $(go_line "$tree/go.mod"), $vendor"
}

# fetch_tree VERSION: from the folder that KUBEEDGE_TREES names, else cloned.
fetch_tree() {
	begin "get the source of $1"
	version=$1
	tree=$cache/trees/kubeedge-$1
	[ ! -f "$tree.complete" ] || return 0
	rm -rf "$tree"
	mkdir -p "$tree"
	local archive=${KUBEEDGE_TREES:-}/kubeedge-$1.tar.gz
	if [ -n "${KUBEEDGE_TREES:-}" ] && [ -f "$archive" ]; then
		tar -xzf "$archive" -C "$tree" --strip-components 1 || fail "$archive cannot be unpacked" "is it whole?"
	else
		[ -z "${KUBEEDGE_TREES:-}" ] || say "KUBEEDGE_TREES has no $archive"
		command -v git >/dev/null || fail "git is missing, with which KubeEdge is cloned" "install git, or give a folder"
		local from=${KUBEEDGE_REPOSITORY:-https://github.com/kubeedge/kubeedge}
		say "cloning $1 from $from"
		# A repository that is not there asks for a password, where it may.
		GIT_TERMINAL_PROMPT=0 git -c advice.detachedHead=false clone --quiet --depth 1 --branch "$1" "$from" "$tree" || fail "$from has no $1, or is out of reach" \
			"is there such a version, and does git reach the network?" \
			"without a network: give the folder of a checkout," \
			"or put kubeedge-$1.tar.gz into a folder and name that in KUBEEDGE_TREES"
	fi
	touch "$tree.complete"
	begin "find the tree"
}

# tree_version: sets version, where nobody said it, by the tree's tag or name, and
# stamps, the linker's flags that have cloudcore say so.
tree_version() {
	local commit="" state="" date=${SOURCE_DATE_EPOCH:-}
	if [ "$(git -C "$tree" rev-parse --show-toplevel 2>/dev/null)" = "$tree" ]; then
		commit=$(git -C "$tree" rev-parse HEAD)
		state=clean
		[ -z "$(git -C "$tree" status --porcelain 2>/dev/null)" ] || state=dirty
		date=${date:-$(git -C "$tree" log -1 --format=%ct)}
		if [ -z "$version" ]; then
			# As KubeEdge's own build has it: v1.23.1-5-gabc becomes v1.23.1-5+abc.
			version=$(git -C "$tree" describe --tags --abbrev=14 2>/dev/null | sed -E 's/-g([0-9a-f]{14})$/+\1/') || true
			[ -z "$version" ] || [ $state = clean ] || version+=-dirty
		fi
	fi
	local name=${tree##*/}
	[ -n "$version" ] || [[ ! $name =~ ^kubeedge-(v[0-9]+\.[0-9]+\.[0-9]+[-+.0-9A-Za-z]*)$ ]] || version=${BASH_REMATCH[1]}
	stamps=()
	stamp() { [ -z "$2" ] || stamps+=("-X $kubeedge/pkg/version.$1=$2"); }
	stamp gitVersion "$version"
	stamp gitCommit "$commit"
	stamp gitTreeState "$state"
	if [[ $version =~ ^v([0-9]+)\.([0-9]+)\. ]]; then
		stamp gitMajor "${BASH_REMATCH[1]}"
		stamp gitMinor "${BASH_REMATCH[2]}"
	else
		say "nothing tells the tree's version, so cloudcore --version will not: set KUBEEDGE_VERSION=vX.Y.Z"
	fi
	[ -z "$date" ] || stamp buildDate "$(date -u -d "@$date" +%Y-%m-%dT%H:%M:%SZ)"
}

# own_version prints the version of this checkout, for nodemetrics_build_info.
own_version() {
	if [ -n "${EDGEGAUGE_VERSION:-}" ]; then
		echo "$EDGEGAUGE_VERSION"
	elif [ "$(git -C "$root" rev-parse --show-toplevel 2>/dev/null)" = "$root" ]; then
		git -C "$root" describe --tags --always --dirty --abbrev=12
	else
		echo unknown
	fi
}

# required GO.MOD prints path and version of what it requires and does not replace.
required() {
	go mod edit -json "$1" | awk -F'"' '
		/^\t"[A-Z][A-Za-z]*": \[/ { list = $2 }
		$2 == "Path" && list == "Require" { path = $4 }
		$2 == "Version" && list == "Require" { version[path] = $4 }
		$2 == "Old" { old = 1; only = "" }
		$2 == "Path" && old { path = $4 }
		$2 == "Version" && old { only = $4 }
		$2 == "New" { old = 0; if (path in version && (only == "" || only == version[path])) delete version[path] }
		END { for (path in version) print path, version[path] }' | sort
}

go_line() { awk '$1 == "go" { print $2; exit }' "$1"; }

# require_edgegauge GO.MOD: has it require this checkout, and nothing else change.
# Whatever both need stays as it is, for what edgegauge asks for would lift it:
# prometheus/common 0.48 breaks the Kubernetes of v1.20.
require_edgegauge() {
	begin "keep the tree's versions"
	local ours pins=() path version
	ours=$(go -C "$root" list -m -f '{{if not .Main}}{{.Path}}{{end}}' all) || fail "go list -m all does not work in $root" \
		"without a module proxy nothing can be built: see go env GOPROXY"
	# A go.mod of Go 1.17 or later lists every module that its packages need.
	while read -r path version; do pins+=("-replace=$path=$path@$version"); done < <(
		required "$1" | awk 'NR == FNR { ours[$1]; next } $1 in ours' <(echo "$ours") -)
	[ ${#pins[@]} -gt 0 ] || fail "$1 requires nothing that edgegauge needs too" "is it KubeEdge's go.mod?"
	go mod edit "${pins[@]}" -require="$edgegauge@v0.0.0" -replace="$edgegauge=$root" "$1" ||
		fail "go mod edit refused it" "is the tree's go.mod in order?"
	say "versions: ${#pins[@]} modules that both need stay as the tree has them"
}

# lay_over: sets work, a folder with the copies of go.mod and go.sum and the
# overlay, and flags, with which go compiles tree and exporter together. With the
# word tests, our tests are laid over as well.
lay_over() {
	begin "copy go.mod and go.sum"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	cp "$tree/go.mod" "$work/go.mod"
	if [ -f "$tree/go.sum" ]; then cp "$tree/go.sum" "$work/go.sum"; fi
	chmod u+w "$work"/go.*

	require_edgegauge "$work/go.mod"
	# The binary has this path in it, and is to be the same from every folder.
	local line at
	at=$(realpath --relative-to="$tree" "$root")
	[[ $at == ..* ]] || at=./$at
	go mod edit -replace="$edgegauge=$at" "$work/go.mod"
	line=$(go_line "$tree/go.mod")
	flags=(-mod=mod "-modfile=$work/go.mod" "-overlay=$work/overlay.json" -buildvcs=false)
	if [ "$(printf '%s\n1.22\n' "$line" | sort -V | head -n 1)" != 1.22 ]; then
		# A requirement on edgegauge raises the copy's go line to 1.22, and with
		# it what a loop variable is in every package of the tree.
		flags+=("-gcflags=$kubeedge/...=-lang=go$(cut -d. -f1,2 <<<"$line")")
		say "language: the tree is compiled as go $line has it, loop variables included"
	fi

	begin "lay the exporter's main over the tree's"
	local replaced=() file
	for file in "$tree/$command"/*.go; do replaced+=("\"$file\": \"\""); done
	own_main
	for file in "$root/$command"/*.go; do
		[[ $file != *_test.go || ${1:-} = tests ]] || continue
		replaced+=("\"$tree/$command/edgegauge_${file##*/}\": \"$file\"")
	done
	(IFS=,; echo "{\"Replace\": {${replaced[*]}}}") >"$work/overlay.json"

	build_tags
}

# build_tags adds to flags the tags that say what this tree has, found by looking.
build_tags() {
	local tags=() beehive viaduct where
	begin "look for RestartPolicy"
	beehive=$(package_folder github.com/kubeedge/beehive/pkg/core)
	if grep -q 'RestartPolicy()' "$beehive/module.go"; then
		tags+=(kubeedge_v1_22)
		say "beehive: modules have a RestartPolicy"
	else
		say "beehive: modules have no RestartPolicy"
	fi

	begin "look for viaduct"
	if [ -d "$tree/pkg/viaduct" ]; then
		where=kubeedge_v1_20 viaduct=$tree/pkg/viaduct/pkg/mux
	else
		where=kubeedge_v1_18 viaduct=$(package_folder github.com/kubeedge/viaduct/pkg/mux)
	fi
	if grep -q PeerCertificates "$viaduct/mux.go"; then
		tags+=("$where")
		say "viaduct: a message tells by which certificate it came"
	else
		say "viaduct: a message does not tell by which certificate it came"
	fi
	[ ${#tags[@]} -eq 0 ] || flags+=("-tags=$(IFS=,; echo "${tags[*]}")")
	say "tags: ${tags[*]:-none}"
}

# package_folder PACKAGE prints where the tree has it.
package_folder() {
	go -C "$tree" list "${flags[@]}" -f '{{.Dir}}' "$1" 2>"$work/log" || fail "$(tail -n 5 "$work/log")" \
		"the tree's go.mod and ours do not go together: tell us, with the tree's version"
}

# own_main says where the tree's main is not KubeEdge's own, for what it does
# besides is not in the build.
own_main() {
	local file
	for file in "$tree/$command"/*.go; do
		[[ $file != *_test.go ]] || continue
		# The sum of what follows the package clause in v1.13 to v1.23.
		[ "${file##*/}" != cloudcore.go ] || [ "$(sed '1,/^package main/d' "$file" | cksum)" != "855850631 262" ] || continue
		say "note: $command/${file##*/} of the tree is not KubeEdge's own, and the exporter's main takes its place."
		say "  What it does besides is left out: see cloud/cmd/cloudcore/README.md, \"A fork\"."
	done
}
