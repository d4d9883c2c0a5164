package decode

import (
	"encoding/base64"
	"math"
	"time"

	"busker/audio"
	"busker/opus/dca"
	"busker/opus/toc"
	"busker/sources/decode/tags"
	"busker/track"
)

// preRoll is how much Opus is decoded before the goal of a seek, so that the decoder
// has converged when it gets there (RFC 7845 §4.6).
const preRoll = 80 * time.Millisecond

// dcaPackets are those of a DCA file.
type dcaPackets struct {
	*dca.Reader
	from  int64 // sample to begin with
	until int64 // sample to end before
	fresh bool
}

func openDCA(c *content) (stream, Info, error) {
	r, err := dca.NewReader(c.reader())
	if err != nil {
		return nil, Info{}, err
	}
	info := dcaInfo(r)
	if info.Length == 0 && c.probing && c.seeker != nil && !c.in.Slow {
		if info.Length, err = measureDCA(r); err != nil {
			return nil, Info{}, err
		}
	}
	p := &dcaPackets{Reader: r, until: math.MaxInt64}
	if e := r.Metadata().Extra; e.Samples > 0 {
		p.until = e.Samples - int64(e.Skip) - int64(e.Tail)
	}
	return newOpusStream(p, 0), info, nil
}

func dcaInfo(r *dca.Reader) (info Info) {
	m := r.Metadata()
	t := tags.Tags{Title: tags.Clean(m.Info.Title), Artist: tags.Clean(m.Info.Artist), Album: tags.Clean(m.Info.Album)}
	if m.Info.Cover != nil {
		if picture, err := base64.StdEncoding.DecodeString(*m.Info.Cover); err == nil {
			t.Artwork = tags.Artwork(picture)
		}
	}
	if l := m.Extra.Loudness; l != nil {
		t.Loudness = track.Loudness{LUFS: l.LUFS, Peak: l.Peak, Known: true}
	}
	info.add(t)
	info.Length, _ = r.Length()
	return info
}

// measureDCA reads through a file that does not say how long it is, and comes back.
func measureDCA(r *dca.Reader) (time.Duration, error) {
	const forever = 1000 * time.Hour
	if err := r.Seek(forever); err != nil {
		return 0, nil //nolint:nilerr // a length is not worth failing for: what is whole plays
	}
	return audio.SamplesDuration(max(0, r.Position())), r.Seek(0)
}

func (p *dcaPackets) next() ([]byte, cut, error) {
	packet, err := p.ReadPacket()
	if err != nil {
		return nil, cut{}, err
	}
	n, err := toc.Samples(packet)
	if err != nil {
		return nil, cut{}, err
	}
	behind := p.Position()
	c := cut{end: within(behind-p.until, n), fresh: p.fresh}
	c.start = within(p.from-(behind-int64(n)), n-c.end)
	p.fresh = false
	return packet, c, nil
}

// within is v between 0 and most.
func within(v int64, most int) int { return int(max(0, min(v, int64(most)))) }

func (p *dcaPackets) seek(at time.Duration) error {
	p.from, p.fresh = audio.DurationSamples(at), true
	return p.Seek(max(0, at-preRoll))
}

// sniffDCA knows both versions of DCA.
func sniffDCA(b []byte, ended bool) (kind, bool) {
	_, ok := dca.Sniff(b, ended)
	return kind{name: "DCA", open: openDCA}, ok
}
