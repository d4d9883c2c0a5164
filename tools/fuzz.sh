#!/usr/bin/env bash
# Runs every fuzz target of the given packages one after another.
#   tools/fuzz.sh 20s ./...
set -euo pipefail
time=$1
shift
go list "$@" | while read -r pkg; do
	# One line per target; packages without tests print none.
	{ go test -list '^Fuzz' "$pkg" </dev/null || true; } | grep '^Fuzz' | while read -r target; do
		printf '%s %s\n' "$pkg" "$target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$pkg" </dev/null
	done || [ $? = 1 ]
done
