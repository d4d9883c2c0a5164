package opus_test

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// After blocks of anything an encoder goes on as if nothing had been.
func TestEncodersSurviveWildSamples(t *testing.T) {
	source := music(45)
	eachBackend(t, func(t *testing.T, backend string) {
		for _, tt := range []struct {
			name  string
			spoil func(b *audio.Block)
			heard bool // the rest of the block, that is
		}{
			{"one that is no number", func(b *audio.Block) { b[777] = nan }, true},
			{"the last is no number", func(b *audio.Block) { b[len(b)-1] = nan }, true},
			{"all are none", func(b *audio.Block) { fill(b, nan) }, false},
			{"infinite", func(b *audio.Block) { b[0] = inf }, true},
			{"infinite both ways", func(b *audio.Block) { b[3], b[4] = inf, -inf }, true},
			{"huge", func(b *audio.Block) { fill(b, math.MaxFloat32) }, false},
			{"denormal", func(b *audio.Block) { fill(b, math.SmallestNonzeroFloat32) }, false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				e := newEncoder(t, opus.EncoderOptions{Backend: backend, Complexity: 10}) // all that keeps state
				blocks := append([]audio.Block(nil), source...)
				for i := 5; i < 10; i++ {
					tt.spoil(&blocks[i])
				}
				before := blocks[7]
				pcm := decode(t, newDecoder(t, opus.DecoderOptions{Backend: backend}), encode(t, e, blocks))
				for _, v := range pcm {
					if v != v || v > 100 || v < -100 {
						t.Fatalf("%v came out", v)
					}
				}
				// The tail of the music is heard as it was, once the codec has recovered.
				from := 20 * len(audio.Block{})
				delay := e.Lookahead() * audio.Channels
				if c := correlation(pcm[from+delay:], flat(source)[from:]); c < 0.98 {
					t.Errorf("correlation %.4f afterwards", c)
				}
				if at := 7 * len(audio.Block{}); tt.heard && energy(pcm[at:at+len(before)]) < 0.3*energy(source[7][:]) {
					t.Error("one sample took its block with it")
				}
				for i, v := range before {
					if math.Float32bits(v) != math.Float32bits(blocks[7][i]) {
						t.Fatal("Encode changed the block")
					}
				}
			})
		}
	})
}

func fill(b *audio.Block, v float32) {
	for i := range b {
		b[i] = v
	}
}

// Loud is not wild: what is a little above full scale arrives as the codec makes it.
func TestLoudSamplesPass(t *testing.T) {
	eachBackend(t, func(t *testing.T, backend string) {
		if p, _ := opus.Describe(backend); !p.Float {
			t.Skip("samples are 16 bits here")
		}
		source := music(40)
		for i := range source {
			for j := range source[i] {
				source[i][j] *= 6
			}
		}
		e := newEncoder(t, opus.EncoderOptions{Backend: backend, Bitrate: 256000})
		pcm := decode(t, newDecoder(t, opus.DecoderOptions{Backend: backend}), encode(t, e, source))
		if ratio := energy(pcm) / energy(flat(source)); ratio < 0.8 || ratio > 1.2 {
			t.Errorf("energy × %.2f", ratio)
		}
	})
}

// Silence after music lets filters decay into denormal numbers, on which processors are
// slow. A frame of that must not cost more than one of music.
func TestDecayIsNotSlow(t *testing.T) {
	source := music(50)
	eachBackend(t, func(t *testing.T, backend string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: backend})
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		packet, pcm := make([]byte, audio.MaxPacketBytes), make([]float32, opus.MaxPacketSamples*audio.Channels)
		cost := func(next func(i int) *audio.Block) time.Duration {
			best := time.Hour
			for range 8 {
				start := cpuTime(t)
				for i := range 50 {
					n, err := e.Encode(packet, next(i))
					if err == nil {
						_, err = d.Decode(pcm, packet[:n])
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				best = min(best, cpuTime(t)-start)
			}
			return best
		}
		loud := cost(func(i int) *audio.Block { return &source[i] })
		var silence, denormal, fading audio.Block
		fill(&denormal, 1e-40)
		level := float32(0.1)
		for name, next := range map[string]func(i int) *audio.Block{
			"silence":  func(int) *audio.Block { return &silence },
			"denormal": func(int) *audio.Block { return &denormal },
			"fading": func(i int) *audio.Block {
				for j := range fading {
					fading[j] = source[i][j] * level
				}
				level *= 0.8
				return &fading
			},
		} {
			if took := cost(next); took > loud*3/2 {
				t.Errorf("%s: %v, music %v", name, took/50, loud/50)
			} else {
				t.Logf("%s: %v, music %v", name, took/50, loud/50)
			}
		}
	})
}

// FuzzEncode gives every encoder floats and settings of all kinds: each packet decodes
// to 20 ms of finite audio.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0}, 96000, 5, 1276)
	f.Add(binary.LittleEndian.AppendUint32(nil, math.Float32bits(nan)), 6000, 0, 3)
	f.Add(binary.LittleEndian.AppendUint32(nil, math.Float32bits(inf)), 510000, 10, 1276)
	f.Add([]byte("\xff\xff\x7f\x7f\x01\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x80\xbf"), 32000, 8, 100)
	f.Fuzz(func(t *testing.T, raw []byte, bitrate, complexity, room int) {
		block := music(3)
		for i := range block[1] {
			if at := i * 4 % max(4, len(raw)); at+4 <= len(raw) {
				block[1][i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[at:]))
			}
		}
		for _, b := range opus.Backends() {
			e := newEncoder(t, opus.EncoderOptions{Backend: b})
			d := newDecoder(t, opus.DecoderOptions{Backend: b})
			_, _ = e.SetBitrate(bitrate), e.SetComplexity(complexity)
			packet := make([]byte, min(max(room, 1), audio.MaxPacketBytes))
			pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
			for i := range block {
				n, err := e.Encode(packet, &block[i])
				if err != nil {
					if len(packet) == audio.MaxPacketBytes {
						t.Fatalf("%s: block %d into %d bytes: %v", b, i, len(packet), err)
					}
					return
				}
				if n, err = d.Decode(pcm, packet[:n]); err != nil || n != audio.FrameSamples {
					t.Fatalf("%s: block %d decodes to %d samples, %v", b, i, n, err)
				}
				for _, v := range pcm[:2*n] {
					if v-v != 0 {
						t.Fatalf("%s: block %d decodes to %v", b, i, v)
					}
				}
			}
		}
	})
}
