#!/usr/bin/env bash
# Runs all tests, with the race detector where cgo allows. `make test` sets up before.
#
# Most packages share the processors. The app's tests mostly wait for what other processes
# do, so the pure-Go codecs are tested in the time they leave, giving way to them. Packages
# whose tests keep the time of sound have the machine to themselves.
set -euo pipefail
cd "$(dirname "$0")/.."

app=/cmd/busker/internal/app
alone='/(voice|voice/line|voice/pace|voice/udp|player|studio|bot|gateway|emulator|emulator/interop|emulator/voiceserver|bench|bench/.*)$'

if [ "$(tools/cgo.sh)" != 1 ]; then
	echo "test: no C compiler or codec libraries: pure Go, without the race detector" >&2
	exec env CGO_ENABLED=0 go test -shuffle=on -timeout 12m ./...
fi

say() { printf 'test: %s (%d s)\n' "$*" "$SECONDS" >&2; }
race() { CGO_ENABLED=1 go test -race -shuffle=on "$@"; }
packages() { go list ./... | grep "$@"; }

CGO_ENABLED=1 go build -race ./...
say "what shares the machine"
# shellcheck disable=SC2046 # one word per package
race -p 3 -timeout 12m $(packages -vE "$alone|$app\$")

say "the app, and the codecs without cgo"
said=$(mktemp)
beside=
trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null || true; rm -f "$said"' EXIT
CGO_ENABLED=0 nice -n 19 go test -timeout 15m ./opus/... ./dsp/... ./sources/decode/... ./gateway ./words >"$said" 2>&1 &
beside=$!
race -parallel 5 -timeout 20m .$app
wait "$beside" || { cat "$said"; exit 1; }
beside=
cat "$said"

say "what keeps the time of sound"
# shellcheck disable=SC2046
race -p 1 -timeout 20m $(packages -E "$alone")
CGO_ENABLED=0 go test -p 1 -timeout 5m ./player/... ./voice/line ./voice/pace ./voice/rtp ./voice/udp
say "done"
