//go:build cgo && !nolibopus

package opus

// backends lists the codecs of this build, the default first.
var backends = []backend{libopus, gopus}
