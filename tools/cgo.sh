#!/bin/sh
# Prints 1 where the codec libraries and a C compiler are there, else 0: the value of
# CGO_ENABLED that builds on this machine.
command -v "${CC:-gcc}" >/dev/null 2>&1 &&
	pkg-config --exists opus libmpg123 2>/dev/null && echo 1 || echo 0
