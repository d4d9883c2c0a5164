//go:build cgo && !nompg123

package decode_test

// mpeg2Elsewhere says whether layer II, and MP3 of MPEG-2, need ffmpeg in this build.
const mpeg2Elsewhere = false
