//go:build cgo && !nolibopus && !layeh

package opus

// backends lists the codecs of this build, the default first.
var backends = []backend{libopus, gopus, ffmpeg}
