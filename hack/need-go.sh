#!/bin/sh
# Says so, and fails, where there is no Go or one that is too old.
least=22 # of 1.22

need="Go 1.$least or later is needed, found"
if ! go=$(command -v go); then
	echo "$need none; looked in PATH: $PATH" >&2
	exit 1
fi
# A newer toolchain that this one would fetch for go.mod is the one that counts.
if ! found=$("$go" version 2>&1); then
	echo "$need one that does not run: $go version: $found" >&2
	exit 1
fi
version=$(printf '%s\n' "$found" | sed -n 's/^go version .*\(go[0-9][0-9]*\.[0-9][^ ]*\).*/\1/p')
minor=$(printf '%s\n' "$version" | sed -n 's/^go1\.\([0-9][0-9]*\).*/\1/p')
major=$(printf '%s\n' "$version" | sed -n 's/^go\([0-9][0-9]*\)\..*/\1/p')
if [ "${major:-0}" -gt 1 ] || [ "${minor:-0}" -ge $least ]; then
	exit 0
fi
echo "$need ${version:-$found} at $go; looked in PATH: $PATH" >&2
exit 1
