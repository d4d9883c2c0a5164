package dca

import (
	"encoding/json"
	"errors"
)

// Metadata is the JSON of DCA1. What a file leaves out is zero.
type Metadata struct {
	DCA    Version `json:"dca"`
	Opus   Opus    `json:"opus"`
	Info   Info    `json:"info"`
	Origin Origin  `json:"origin"`
	Extra  Extra   `json:"extra"`
}

// Version names the format and who wrote it. A Writer fills the number in.
type Version struct {
	Version int  `json:"version"`
	Tool    Tool `json:"tool"`
}

// Tool is the program that wrote the file.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"url"`
	Author  string `json:"author"`
}

// Opus says how the packets were encoded. A Reader believes none of it: lengths are
// those of the packets' own tables of contents. A Writer fills zeros with what holds for
// 20 ms packets in stereo.
type Opus struct {
	Mode       string `json:"mode"`        // "voip", "audio" (the specification says "music") or "lowdelay"
	SampleRate int    `json:"sample_rate"` // 48000
	FrameSize  int    `json:"frame_size"`  // 960 samples per channel; some write twice that
	Bitrate    *int   `json:"abr"`         // bit/s, nil where unknown
	VBR        bool   `json:"vbr"`
	Channels   int    `json:"channels"`
}

// Info describes the song.
type Info struct {
	Title    string  `json:"title"`
	Artist   string  `json:"artist"`
	Album    string  `json:"album"`
	Genre    string  `json:"genre"`
	Comments string  `json:"comments"`
	Cover    *string `json:"cover"` // JPEG or PNG in base64; nil where there is none
}

// Origin says what the packets were made from.
type Origin struct {
	Source   string `json:"source"` // "file", "pipe", …
	Bitrate  *int   `json:"abr"`    // bit/s
	Channels int    `json:"channels"`
	Encoding string `json:"encoding"`
	URL      string `json:"url"`
}

// Extra is the object the format leaves to programs. These are Busker's fields; others
// are not kept.
type Extra struct {
	// Skip and Tail are how many samples at the beginning and at the end of all
	// packets' audio are not part of the sound (as pre-skip and end trimming of Ogg).
	Skip int `json:"skip,omitempty"`
	Tail int `json:"tail,omitempty"`
	// Samples and Bytes are those of all packets, Bytes with their lengths; 0 = unknown.
	// CRC is the CRC-32C of these bytes.
	Samples  int64     `json:"samples,omitempty"`
	Bytes    int64     `json:"bytes,omitempty"`
	CRC      uint32    `json:"crc32c,omitempty"`
	Loudness *Loudness `json:"loudness,omitempty"`
	Recipe   string    `json:"recipe,omitempty"` // how it was encoded, for its writer to recognise
	Index    *Index    `json:"index,omitempty"`
}

// Loudness is how loud the whole is.
type Loudness struct {
	LUFS float64 `json:"lufs"`           // integrated (EBU R128)
	Peak float64 `json:"peak,omitempty"` // as a factor of full scale
}

// Index finds every so-manieth packet of a file whose packets are all of one length.
type Index struct {
	Packet int   `json:"packet"` // samples of one packet
	Every  int   `json:"every"`  // packets from one entry to the next
	Bytes  []int `json:"bytes"`  // of each such run, packets and their lengths; the rest at the end is not listed
}

// parseMetadata takes what it can from b: a field of the wrong type, and even no JSON at
// all, is no reason not to play.
func parseMetadata(b []byte) (m Metadata) {
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(b, &m); err != nil && !errors.As(err, &wrong) {
		return Metadata{}
	}
	e := &m.Extra
	if max(int64(e.Skip), int64(e.Tail), e.Samples, e.Bytes) > maxSamples || min(int64(e.Skip), int64(e.Tail), e.Samples, e.Bytes) < 0 {
		e.Skip, e.Tail, e.Samples, e.Bytes = 0, 0, 0, 0
	}
	return m
}

// maxSamples is far beyond any recording; sums with more would overflow.
const maxSamples = 1 << 56

// complete fills in what every file of ours says.
func (m Metadata) complete() Metadata {
	m.DCA.Version = 1
	if m.DCA.Tool.Name == "" {
		m.DCA.Tool.Name = "busker"
	}
	o := &m.Opus
	if o.Mode == "" {
		o.Mode = "audio"
	}
	if o.SampleRate == 0 {
		o.SampleRate = 48000
	}
	if o.FrameSize == 0 {
		o.FrameSize = 960
	}
	if o.Channels == 0 {
		o.Channels = 2
	}
	return m
}
