package dsp

import "math"

// Layout says in which order a stream interleaves its channels.
type Layout uint8

// The layouts. The number of channels picks the row: 3.0, quad, 5.0, 5.1, 6.1, 7.1.
const (
	WAVE   Layout = iota // RIFF, FLAC, and what ffmpeg calls native: L R C LFE then the backs
	Vorbis               // Vorbis I §4.3.9 and Opus mapping family 1: L C R ... LFE last
	AAC                  // ISO 14496-3 channel configurations 1–6, 11 and 12: C L R ... LFE last
)

// MaxChannels is the most channels a layout knows.
const MaxChannels = 8

// speaker is a place in the room, as far as a downmix cares.
type speaker uint8

const (
	left speaker = iota
	right
	centre
	backLeft // sides too
	backRight
	backCentre
	lfe
)

// orders[layout][channels-1] names the speakers in stream order.
var orders = [...][MaxChannels][]speaker{
	WAVE: {
		{centre},
		{left, right},
		{left, right, centre},
		{left, right, backLeft, backRight},
		{left, right, centre, backLeft, backRight},
		{left, right, centre, lfe, backLeft, backRight},
		{left, right, centre, lfe, backCentre, backLeft, backRight},
		{left, right, centre, lfe, backLeft, backRight, backLeft, backRight},
	},
	Vorbis: {
		{centre},
		{left, right},
		{left, centre, right},
		{left, right, backLeft, backRight},
		{left, centre, right, backLeft, backRight},
		{left, centre, right, backLeft, backRight, lfe},
		{left, centre, right, backLeft, backRight, backCentre, lfe},
		{left, centre, right, backLeft, backRight, backLeft, backRight, lfe},
	},
	AAC: {
		{centre},
		{left, right},
		{centre, left, right},
		{centre, left, right, backCentre},
		{centre, left, right, backLeft, backRight},
		{centre, left, right, backLeft, backRight, lfe},
		{centre, left, right, backLeft, backRight, backCentre, lfe},
		{centre, left, right, backLeft, backRight, backLeft, backRight, lfe},
	},
}

// coefficients are those of ITU-R BS.775-3 table 2, as left and right; a single
// back speaker goes to both sides at half, which keeps its power. The LFE is left
// out, as there.
var coefficients = [...][2]float64{
	left:       {1, 0},
	right:      {0, 1},
	centre:     {math.Sqrt2 / 2, math.Sqrt2 / 2},
	backLeft:   {math.Sqrt2 / 2, 0},
	backRight:  {0, math.Sqrt2 / 2},
	backCentre: {0.5, 0.5},
	lfe:        {0, 0},
}

// matrix holds a factor for left and right per input channel.
type matrix [MaxChannels][2]float32

var matrices = func() (m [len(orders)][MaxChannels]matrix) {
	for layout, rows := range orders {
		for i, order := range rows {
			m[layout][i] = newMatrix(order)
		}
	}
	return m
}()

// newMatrix scales the coefficients so that each side's sum to 1: full scale in
// every channel is full scale, and nothing clips.
func newMatrix(order []speaker) (m matrix) {
	var sum [2]float64
	for _, s := range order {
		sum[0] += coefficients[s][0]
		sum[1] += coefficients[s][1]
	}
	for i, s := range order {
		m[i] = [2]float32{float32(coefficients[s][0] / sum[0]), float32(coefficients[s][1] / sum[1])}
	}
	return m
}

// Downmix turns interleaved frames of 1..MaxChannels channels into stereo and
// returns the floats written to dst, which must hold two for each frame of src.
// It can not clip what was not clipped. dst may be src when channels is 2 or
// more. A number of channels no layout knows is a broken invariant: it panics.
func Downmix(dst, src []float32, channels int, layout Layout) int {
	frames := len(src) / channels
	m := &matrices[layout][channels-1]
	switch channels {
	case 1:
		for i, v := range src {
			dst[2*i], dst[2*i+1] = v, v
		}
	case 2:
		copy(dst, src[:2*frames])
	default:
		for i := range frames {
			frame := src[i*channels : (i+1)*channels]
			var l, r float32
			for c, v := range frame {
				l += v * m[c&7][0]
				r += v * m[c&7][1]
			}
			dst[2*i], dst[2*i+1] = l, r
		}
	}
	return 2 * frames
}
