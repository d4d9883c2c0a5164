#!/bin/sh
# The steps of the Dockerfile's build stage, on Debian with Go.
#
#   tools/image.sh tools      install a compiler and codec libraries for TARGETARCH
#   tools/image.sh build DIR  fill DIR/root with what the image holds, DIR/own with what
#                             belongs to the user it runs as
#
# TARGETARCH: amd64 or arm64; empty is this machine's. CGO: 1 links the C codecs, which need
# half the processor time; 0 builds pure Go, for any architecture Go knows. VERSION: shown by
# `busker version`.
set -eu

CGO=${CGO:-1}
here=$(go env GOHOSTARCH)
TARGETARCH=${TARGETARCH:-$here}
case $TARGETARCH in
amd64) gnu=x86_64-linux-gnu ;;
arm64) gnu=aarch64-linux-gnu ;;
*) gnu= ;;
esac
if [ "$CGO" = 1 ] && [ -z "$gnu" ]; then
	echo "image: no C codecs for $TARGETARCH; build with CGO=0" >&2
	exit 1
fi
# Loader and libraries have a folder of their own, so that they do not care what else the
# image holds.
home=/usr/lib/busker

tools() {
	[ "$CGO" = 1 ] || return 0
	compiler=gcc
	if [ "$TARGETARCH" != "$here" ]; then
		dpkg --add-architecture "$TARGETARCH"
		compiler=gcc-$gnu
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		ca-certificates pkg-config "$compiler" \
		"libc6-dev:$TARGETARCH" "libopus-dev:$TARGETARCH" "libmpg123-dev:$TARGETARCH" >/dev/null
	rm -rf /var/lib/apt/lists/*
}

# binary compiles into $1. The same sources, version and tools give the same bytes.
binary() {
	flags="-s -w -buildid= -X main.version=${VERSION:-devel}"
	if [ "$CGO" = 1 ]; then
		export CC="$gnu-gcc" PKG_CONFIG_LIBDIR="/usr/lib/$gnu/pkgconfig:/usr/share/pkgconfig"
		# The old kind of path counts for libraries of libraries, too.
		flags="$flags -extldflags '-Wl,--dynamic-linker=$home/ld.so -Wl,--disable-new-dtags -Wl,-rpath,$home -Wl,--build-id=none'"
	fi
	CGO_ENABLED=$CGO GOOS=linux GOARCH=$TARGETARCH \
		go build -trimpath -buildvcs=false -tags netgo,osusergo -ldflags "$flags" -o "$1" ./cmd/busker
}

# needed lists the libraries a program or library asks for.
needed() {
	LC_ALL=C "$gnu-readelf" -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'
}

# libraries copies into $2 what $1 needs, and what that needs; the loader is among it.
libraries() {
	for name in $(needed "$1"); do
		case $name in ld-linux*) into=$2/ld.so ;; *) into=$2/$name ;; esac
		[ ! -e "$into" ] || continue
		from=
		for dir in "/usr/lib/$gnu" "/lib/$gnu" "/usr/$gnu/lib" /lib64 /lib; do
			[ ! -e "$dir/$name" ] || { from=$dir/$name && break; }
		done
		[ -n "$from" ] || { echo "image: $1 needs $name, which is not there" >&2 && exit 1; }
		cp -L "$from" "$into"
		chmod 755 "$into"
		libraries "$from" "$2"
	done
}

build() {
	rm -rf "$1"
	mkdir -p "$1/root/usr/local/bin" "$1/root/etc/ssl/certs" "$1/own/data" "$1/own/cache"
	binary "$1/root/usr/local/bin/busker"
	cp /etc/ssl/certs/ca-certificates.crt "$1/root/etc/ssl/certs/"
	[ "$CGO" = 1 ] || return 0
	mkdir -p "$1/root$home"
	libraries "$1/root/usr/local/bin/busker" "$1/root$home"
	[ -e "$1/root$home/ld.so" ] || { echo "image: there is no loader" >&2 && exit 1; }
}

case "${1:-}" in
tools) tools ;;
build) build "${2:?where to}" ;;
*)
	sed -n '2,11s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
