package listen

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"busker/audio"
)

const (
	// alignSize is the length of the transforms that find the lag.
	alignSize = 1 << 18
	// farthestLag is the largest lag looked for, in samples: 2 s either way.
	farthestLag = 2 * audio.SampleRate
	// alignWindow is how many samples are matched to find the lag: 1.4 s, all that
	// the transforms have room for.
	alignWindow = alignSize - 2*farthestLag
	// introLimit bounds the silence at the start of a recording that is skipped to
	// find something to align by, in samples; it bounds the memory of a comparison too.
	introLimit = 60 * audio.SampleRate
	// audible is the mean square from which a block can be aligned by: −50 dBFS.
	audible = 1e-5
)

// ErrSilent says that a recording holds nothing that could be compared.
var ErrSilent = errors.New("the recording is silent")

// Similarity is how well a recording matches what should have been heard.
type Similarity struct {
	// Lag is how much later the recording is than the reference; negative when
	// its beginning is missing. LagSamples is the same at 48 kHz.
	Lag        time.Duration
	LagSamples int
	// Coefficient is the correlation over everything that overlaps, −1..1, and
	// Channel that of left and right alone.
	Coefficient float64
	Channel     [audio.Channels]float64
	// Level is the recording's level over the reference's, in dB, per channel.
	Level [audio.Channels]float64
	// Worst is the lowest coefficient of any audible second, which starts at
	// WorstAt in the recording: where to look for a glitch.
	Worst   float64
	WorstAt time.Duration
	// Overlap was compared; Length and Reference are the two whole lengths.
	Overlap, Length, Reference time.Duration
}

// String returns the figures in one line.
func (s Similarity) String() string {
	return fmt.Sprintf("correlation %.4f (left %.4f, right %.4f, worst second %.4f at %v), level %+.2f/%+.2f dB, lag %v, %v of %v heard",
		s.Coefficient, s.Channel[0], s.Channel[1], s.Worst, round(s.WorstAt), s.Level[0], s.Level[1],
		s.Lag.Round(time.Microsecond), s.Length.Round(time.Millisecond), s.Reference.Round(time.Millisecond))
}

// Similarity compares what the listener recorded with what it should have heard,
// reading reference to its end. The caller closes reference.
func (l *Listener) Similarity(reference audio.Reader) (Similarity, error) {
	return l.Recording().Similarity(reference)
}

// Similarity compares the recording with reference, reading it to its end. The
// caller closes reference. Memory does not grow with the length.
func (r *Recording) Similarity(reference audio.Reader) (Similarity, error) {
	got, err := r.Open()
	if err != nil {
		return Similarity{}, err
	}
	defer func() { _ = got.Close() }()
	s, err := Compare(got, reference)
	if err == nil {
		s.Length = r.Length()
	}
	return s, err
}

// Samples returns interleaved stereo PCM as a Reader, to serve as a reference.
func Samples(pcm []float32) audio.Reader { return &sampleReader{pcm} }

type sampleReader struct{ pcm []float32 }

func (r *sampleReader) ReadBlock(b *audio.Block) error {
	if len(r.pcm) == 0 {
		return io.EOF
	}
	n := copy(b[:], r.pcm)
	clear(b[n:])
	r.pcm = r.pcm[n:]
	return nil
}

func (r *sampleReader) Close() error { return nil }

// Compare aligns got to reference, up to two seconds apart, and compares them to
// the end. Lengths count whole blocks. It closes neither.
func Compare(got, reference audio.Reader) (Similarity, error) {
	g, r := &stream{from: got}, &stream{from: reference}
	lag, err := align(g, r)
	if err != nil {
		return Similarity{}, err
	}
	if err := g.skip(max(lag, 0)); err != nil {
		return Similarity{}, fmt.Errorf("compare: %w", err)
	}
	if err := r.skip(max(-lag, 0)); err != nil {
		return Similarity{}, fmt.Errorf("compare: %w", err)
	}
	sums := &comparison{from: int64(max(lag, 0))}
	if err := sums.run(g, r); err != nil {
		return Similarity{}, fmt.Errorf("compare: %w", err)
	}
	s := sums.result()
	s.LagSamples, s.Lag = lag, audio.SamplesDuration(int64(lag))
	s.Length, s.Reference = audio.SamplesDuration(g.read), audio.SamplesDuration(r.read)
	return s, nil
}

// align returns the lag of g against r, in samples, reading ahead in both.
func align(g, r *stream) (int, error) {
	start := 0 // of the first audible block of g
	for {
		pcm, err := g.peek(start, audio.FrameSamples)
		if err != nil {
			return 0, fmt.Errorf("align: %w", err)
		}
		if len(pcm) == 0 || start > introLimit {
			return 0, ErrSilent
		}
		if meanSquare(pcm) > audible {
			break
		}
		start += audio.FrameSamples
	}
	window, err := g.peek(start, alignWindow)
	if err != nil {
		return 0, fmt.Errorf("align: %w", err)
	}
	from := max(start-farthestLag, 0)
	field, err := r.peek(from, start-from+len(window)/audio.Channels+farthestLag)
	if err != nil {
		return 0, fmt.Errorf("align: %w", err)
	}
	before := farthestLag - (start - from) // samples of the field before the reference begins
	offset := bestOffset(window, field, before)
	return farthestLag - offset, nil
}

// bestOffset finds where in field, preceded by before samples of silence, window
// matches best, as an offset in samples; farthestLag is "no lag".
func bestOffset(window, field []float32, before int) int {
	n := len(window) / audio.Channels
	w, f := make([]complex128, alignSize), make([]complex128, alignSize)
	energy := 0.0
	for i := range n {
		w[i] = complex(float64(window[2*i]), float64(window[2*i+1]))
		energy += abs2(w[i])
	}
	for i := range len(field) / audio.Channels {
		f[before+i] = complex(float64(field[2*i]), float64(field[2*i+1]))
	}
	covered := make([]float64, alignSize+1) // energy of the field up to a sample
	for i, v := range f {
		covered[i+1] = covered[i] + abs2(v)
	}
	// The real part of the correlation of left + i·right is the sum over both channels.
	fft(w, false)
	fft(f, false)
	for i := range f {
		f[i] *= complex(real(w[i]), -imag(w[i])) / complex(alignSize, 0)
	}
	fft(f, true)
	match := make([]float64, 2*farthestLag+1)
	for i := range match {
		if e := covered[i+n] - covered[i]; e > energy*1e-6 {
			match[i] = real(f[i]) / math.Sqrt(e*energy)
		}
	}
	return nearestPeak(match)
}

// alike is the difference in correlation below which two peaks are equally good:
// a tone or a loop matches again after each period, and the nearest one is meant.
const alike = 1e-3

// nearestPeak returns the index of the peak nearest to the middle among the best.
func nearestPeak(match []float64) int {
	best := 0
	for i, v := range match {
		if v > match[best] {
			best = i
		}
	}
	middle := len(match) / 2
	nearest := best
	for i := 1; i < len(match)-1; i++ {
		peak := match[i] >= match[i-1] && match[i] >= match[i+1]
		if peak && match[i] > match[best]-alike && distance(i, middle) < distance(nearest, middle) {
			nearest = i
		}
	}
	return nearest
}

func distance(a, b int) int { return max(a-b, b-a) }

func abs2(c complex128) float64 { return real(c)*real(c) + imag(c)*imag(c) }

func meanSquare(pcm []float32) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(pcm))
}
