package opus

import (
	"io"
	"slices"
	"strings"

	"busker/internal/fault"
)

// Properties are what tells backends apart, besides speed and sound.
type Properties struct {
	Name    string
	Version string // of the library; "" = not known before it runs
	// Prompt: every block is answered with its packet, and there is a decoder. Playing
	// needs that.
	Prompt bool
	// Complexity: SetComplexity changes something.
	Complexity bool
	// Float: samples are taken and given as they are. Others round to 16 bits and clip
	// what is beyond full scale.
	Float bool
	// Constrained: packets keep to the bitrate within a fraction of a second. Others do
	// so over minutes, or exceed it.
	Constrained bool
}

// Flusher is an Encoder that is not Prompt: Encode takes a block and may return 0 bytes;
// otherwise the packet it returns is that of an earlier block. SetBitrate and
// SetComplexity fail as fault.Unsupported between the first Encode and Reset.
type Flusher interface {
	Encoder
	// Flush ends the stream: it writes to dst the first packet not returned yet, at every
	// call the next, and returns io.EOF after that of the last block. It waits for them.
	// Until Reset, Encode fails.
	Flush(dst []byte) (n int, err error)
}

// Flush returns the packets e still owes for the blocks it was given, one at a call, and
// io.EOF when there are no more: at once for a Prompt encoder.
func Flush(e Encoder, dst []byte) (n int, err error) {
	if f, ok := e.(Flusher); ok {
		return f.Flush(dst)
	}
	return 0, io.EOF
}

// Backends returns the names of the Prompt codecs in this build, the default first.
func Backends() []string { return names(true) }

// StreamBackends returns the names of those that encode whole streams only.
func StreamBackends() []string { return names(false) }

func names(prompt bool) (names []string) {
	for _, b := range backends {
		if b.Prompt == prompt {
			names = append(names, b.Name)
		}
	}
	return names
}

// DefaultBackend returns the fastest codec in this build.
func DefaultBackend() string { return backends[0].Name }

// Describe returns the Properties of a backend of this build; "" is DefaultBackend.
func Describe(name string) (Properties, error) {
	b, err := backendNamed(name)
	return b.Properties, err
}

func backendNamed(name string) (backend, error) {
	if name == "" {
		return backends[0], nil
	}
	i := slices.IndexFunc(backends, func(b backend) bool { return b.Name == name })
	if i < 0 {
		return backend{}, fault.Newf(fault.Invalid, "Opus backend %q is not in this build, which has %s.", name, strings.Join(append(Backends(), StreamBackends()...), ", "))
	}
	return backends[i], nil
}
