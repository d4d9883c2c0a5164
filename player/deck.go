package player

import (
	"fmt"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

const (
	// deckSamples is how much decoded sound a deck has room for: what it gave last,
	// which a splice may go back into, and two frames to splice, on top of what is left
	// of a packet.
	deckSamples = 5 * audio.FrameSamples
	// deckHistory is how much of what it gave last it keeps.
	deckHistory = audio.FrameSamples
	// tooDamaged is how many packets in a row may be damaged before a track is given up:
	// one second of made up sound.
	tooDamaged = audio.FramesPerSecond
)

// deck gives the sound of one segment sample by sample, whatever its pieces are.
type deck struct {
	segment *segment
	level   level
	decoder opus.Decoder // kept from segment to segment; nil = to be made

	// Of blocks.
	block *audio.Block // the one being given
	given int          // samples of it given

	// Of packets. pcm holds decoded samples; from low on they are to be given.
	pcm       []float32
	low, high int           // in samples per channel
	at        int64         // number of the sample at low, in all the origin's packets decode to
	loaded    int64         // number of the packet to be decoded next
	last      *audio.Packet // the one decoded last
	damaged   int           // packets in a row that could not be decoded
}

// load puts s on the deck. Its packets up to number first have been passed on.
func (d *deck) load(s *segment, first int64) {
	d.eject()
	d.segment = s
	d.at, d.loaded = first*int64(audio.FrameSamples), first
}

// eject empties the deck.
func (d *deck) eject() {
	if d.block != nil {
		blocks.Put(d.block)
	}
	if d.last != nil {
		d.last.Release()
	}
	*d = deck{decoder: d.decoder, pcm: d.pcm}
}

// close frees what eject keeps.
func (d *deck) close() {
	d.eject()
	if d.decoder != nil {
		_ = d.decoder.Close()
	}
	d.decoder, d.pcm = nil, nil
}

// prepare makes the decoder ready for a new stream of packets.
func (d *deck) prepare(newDecoder func() (opus.Decoder, error)) (err error) {
	if d.pcm == nil {
		d.pcm = make([]float32, deckSamples*audio.Channels)
	}
	if d.decoder != nil {
		return d.decoder.Reset()
	}
	d.decoder, err = newDecoder()
	return err
}

// has returns how many samples there are without another piece.
func (d *deck) has() int {
	if d.block != nil {
		return audio.FrameSamples - d.given
	}
	return d.high - d.low
}

// ready reports whether n samples can be given, or all there are left.
func (d *deck) ready(n int) bool {
	count, over := d.segment.reel.left()
	want := (n - d.has() + audio.FrameSamples - 1) / audio.FrameSamples
	if want <= 0 || over {
		return true
	}
	if d.segment.ends { // whether there is padding in a piece shows when there is no other
		want++
	}
	return count >= want
}

// left returns how many samples there are, if that is known.
func (d *deck) left() (samples int, known bool) {
	count, over := d.segment.reel.left()
	samples = d.has()
	if count > 0 {
		samples += count*audio.FrameSamples - d.segment.reel.ending().tail
	}
	return samples, over
}

// whole returns the next block itself, if all of it is to be given.
func (d *deck) whole() *audio.Block {
	if d.segment.packets || d.block != nil {
		return nil
	}
	count, over := d.segment.reel.left()
	if count == 0 || over && count == 1 && d.segment.reel.ending().tail > 0 {
		return nil
	}
	p, _ := d.segment.reel.take()
	return p.block
}

// give fills dst with the next samples and returns how many there are: fewer than fit
// only at the end, or where ready was not.
func (d *deck) give(dst []float32) (samples int, err error) {
	for len(dst) > 0 {
		if d.has() <= 0 {
			if ok, err := d.next(); !ok {
				return samples, err
			}
			continue
		}
		n := d.copyTo(dst)
		samples += n
		dst = dst[n*audio.Channels:]
	}
	return samples, nil
}

func (d *deck) copyTo(dst []float32) (samples int) {
	if d.block == nil {
		samples = copy(dst, d.pcm[d.low*audio.Channels:d.high*audio.Channels]) / audio.Channels
		d.low += samples
		d.at += int64(samples)
		return samples
	}
	samples = copy(dst, d.block[d.given*audio.Channels:]) / audio.Channels
	if d.given += samples; d.given == audio.FrameSamples {
		blocks.Put(d.block)
		d.block = nil
	}
	return samples
}

// next makes the next piece available.
func (d *deck) next() (ok bool, err error) {
	p, ok := d.segment.reel.take()
	if !ok {
		return false, nil
	}
	padding := 0
	if count, over := d.segment.reel.left(); over && count == 0 {
		padding = d.segment.reel.ending().tail
	}
	if p.block != nil {
		d.block, d.given = p.block, padding
		if padding > 0 { // the end of it counts, so that given can
			copy(d.block[padding*audio.Channels:], d.block[:])
		}
		return true, nil
	}
	err = d.decode(p.packet)
	d.high = max(d.high-padding, d.low)
	return err == nil, err
}

// decode appends the sound of p, which it owns from then on.
func (d *deck) decode(p *audio.Packet) error {
	if d.last != nil {
		d.last.Release()
	}
	d.last = p
	d.loaded++
	d.compact()
	dst := d.pcm[d.high*audio.Channels:]
	n, err := d.decoder.Decode(dst, p.Bytes())
	d.damaged++
	switch {
	case err == nil && n == audio.FrameSamples:
		d.damaged = 0
	case d.damaged >= tooDamaged:
		return fault.Wrap(fault.Corrupt, "This track is damaged.", fmt.Errorf("decode %d packets: %w", d.damaged, err))
	default:
		if n, err = d.decoder.Decode(dst[:audio.FrameSamples*audio.Channels], nil); err != nil || n != audio.FrameSamples {
			clear(dst[:audio.FrameSamples*audio.Channels])
		}
	}
	d.high += audio.FrameSamples
	return nil
}

// compact makes room for one frame.
func (d *deck) compact() {
	if d.high+audio.FrameSamples <= deckSamples {
		return
	}
	from := max(d.low-deckHistory, 0)
	copy(d.pcm, d.pcm[from*audio.Channels:d.high*audio.Channels])
	d.low, d.high = d.low-from, d.high-from
}

// skip leaves out n samples, as far as they are decoded.
func (d *deck) skip(n int) {
	n = min(n, d.high-d.low)
	d.low += n
	d.at += int64(n)
}

// hear lets the decoder hear a packet whose sound is not wanted.
func (d *deck) hear(p *audio.Packet) {
	d.low = d.high
	d.compact()
	dst := d.pcm[d.high*audio.Channels:]
	if n, err := d.decoder.Decode(dst, p.Bytes()); err != nil || n != audio.FrameSamples {
		clear(dst[:audio.FrameSamples*audio.Channels])
	}
	d.high += audio.FrameSamples
	d.low = d.high
}

// conceal makes up a frame after the last packet.
func (d *deck) conceal() {
	d.low = d.high
	d.compact()
	dst := d.pcm[d.high*audio.Channels:][:audio.FrameSamples*audio.Channels]
	if n, err := d.decoder.Decode(dst, nil); err != nil || n != audio.FrameSamples {
		clear(dst)
	}
	d.high += audio.FrameSamples
}

// inStep reports that the next frame of an encoder with that lead would sound when the
// next packet does, and that what the encoder still holds is of this deck.
func (d *deck) inStep(lead int64) bool {
	n := d.at - lead
	const frame = int64(audio.FrameSamples)
	return n >= frame && n%frame == 0 && d.loaded-n/frame <= 1
}

// offStep returns how many samples lie between the next and the nearest at which the
// deck is in step.
func (d *deck) offStep(lead int64) int {
	const frame = int64(audio.FrameSamples)
	late := ((d.at-lead)%frame + frame) % frame
	if late > frame/2 {
		return int(frame - late)
	}
	return -int(late)
}

// before copies the frame's worth of samples before the next to b.
func (d *deck) before(b *audio.Block) {
	*b = audio.Block{}
	from := max(d.low-audio.FrameSamples, 0) * audio.Channels
	part := d.pcm[from : d.low*audio.Channels]
	copy(b[len(b)-len(part):], part)
}
