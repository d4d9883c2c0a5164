//go:build cgo && layeh

package opus

// backends lists the codecs of this build, the default first.
var backends = []backend{layeh, gopus, ffmpeg}
