#!/usr/bin/env bash
# Runs all tests, with the race detector where cgo allows. `make test` sets up before.
#
# Most packages share the processors. The app's tests mostly wait for what other processes
# do, so the pure-Go codecs are tested in the time they leave, giving way to them. Packages
# whose tests keep the time of sound have the machine to themselves, but for that.
set -euo pipefail
cd "$(dirname "$0")/.."

app=/cmd/busker/internal/app
alone='/(cluster/redis|voice|voice/line|voice/pace|voice/udp|player|studio|bot|gateway|emulator|emulator/interop|emulator/voiceserver|bench|bench/.*)$'

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

# beside runs a command in the time that what follows leaves; together waits for it.
said=$(mktemp)
trap '[ -z "${beside_pid-}" ] || kill "$beside_pid" 2>/dev/null || true; rm -f "$said"' EXIT
beside() {
	nice -n 19 "$@" >"$said" 2>&1 &
	beside_pid=$!
}
together() {
	local ended=0
	wait "$beside_pid" || ended=$?
	beside_pid=
	cat "$said"
	return "$ended"
}

say "the app, and the codecs without cgo"
beside env CGO_ENABLED=0 go test -timeout 15m ./opus/... ./dsp/... ./sources/decode/... ./words
race -parallel 5 -timeout 20m .$app
together

say "what keeps the time of sound, and the player, which has a time of its own"
beside env CGO_ENABLED=1 go test -race -shuffle=on -timeout 20m ./player
# shellcheck disable=SC2046
race -p 1 -timeout 20m $(packages -E "$alone" | grep -v '/player$')
together
CGO_ENABLED=0 go test -p 1 -timeout 5m ./player/... ./voice/line ./voice/pace ./voice/rtp ./voice/udp
say "done"
