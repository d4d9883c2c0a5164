#!/usr/bin/env bash
# Installs what a target needs and is missing. Nothing that is there is touched, and
# nothing outside Debian's packages, the Go modules and the npm packages is fetched.
#
#   tools/setup.sh build   codec libraries for the cgo build (skipped without root:
#                          the pure-Go build takes over)
#   tools/setup.sh test    that, and what the tests drive: ffmpeg, Chromium,
#                          Postgres, Redis, the third-party Discord clients, real music
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		sudo -n "$@"
	else
		return 1
	fi
}

missing() {
	local p
	for p in "$@"; do
		dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || echo "$p"
	done
}

updated=
install() {
	local need
	need=$(missing "$@")
	[ -n "$need" ] || return 0
	# shellcheck disable=SC2086 # one word per package
	set -- $need
	if ! command -v apt-get >/dev/null; then
		say "please install: $*"
		return 1
	fi
	say "installing $*"
	if [ -z "$updated" ]; then
		as_root apt-get update -qq >&2 || { say "cannot install packages without root; please install: $*"; return 1; }
		updated=1
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 </dev/null ||
		{ say "please install: $*"; return 1; }
}

# music unpacks the songs of two free Debian games, without installing the games.
music() {
	local into=.cache/music
	[ -f "$into/.complete" ] && return 0
	local work
	work=$(mktemp -d)
	say "fetching music of two free games for the tests"
	if [ -z "$updated" ]; then
		as_root apt-get update -qq >&2 && updated=1
	fi
	chmod 755 "$work"
	(cd "$work" && apt-get download -qq extremetuxracer-data asc-music >&2)
	mkdir -p "$into"
	local deb
	for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/x"; done
	cp "$work"/x/usr/share/games/etr/music/*.ogg "$work"/x/usr/share/games/asc/music/*.mp3 "$into/"
	rm -rf "$work"
	touch "$into/.complete"
}

clients() {
	local stamp=emulator/interop/node_modules/.package-lock.json
	[ -f "$stamp" ] && [ "$stamp" -nt emulator/interop/package-lock.json ] && return 0
	if ! command -v npm >/dev/null; then
		say "npm is missing: the tests with third-party Discord clients will be skipped"
		return 0
	fi
	say "installing the third-party Discord clients"
	(cd emulator/interop && npm ci --no-audit --no-fund --loglevel=error >&2 && touch node_modules/.package-lock.json)
}

build() {
	# Without these the build falls back to the pure-Go codecs (see tools/cgo.sh).
	install pkg-config libopus-dev libmpg123-dev ||
		say "going on with the pure-Go codecs: slower, same sound"
}

case "${1:-}" in
build) build ;;
test)
	build
	install ffmpeg chromium || say "tests that need ffmpeg or Chromium will be skipped"
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || install postgresql ||
		say "the tests of the store with Postgres will be skipped"
	command -v redis-server >/dev/null || install redis-server ||
		say "the tests of several processes, with Redis, will be skipped"
	command -v redis-sentinel >/dev/null || install redis-sentinel ||
		say "the tests of a Redis that fails over will be skipped"
	music || say "no music could be fetched: the tests with real music will be skipped"
	clients
	;;
*)
	sed -n '2,9s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
