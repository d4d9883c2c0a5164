package mp4

import (
	"encoding/binary"
	"errors"
	"io"
)

// fragments walks the movie fragments of a track (ISO 14496-12 §8.8).
type fragments struct {
	track uint32
	size  uint32 // of a unit where nobody says otherwise
	queue []sample
	end   int64 // of the fragment, where the next one is looked for
}

// sample is an access unit in the file.
type sample struct{ offset, size int64 }

func newFragments(track uint32, mvex []byte) *fragments {
	f := &fragments{track: track}
	for kind, trex := range boxes(mvex) {
		if _, _, b := full(trex); kind == "trex" && len(b) >= 20 && binary.BigEndian.Uint32(b) == track {
			f.size = binary.BigEndian.Uint32(b[12:])
		}
	}
	return f
}

// next returns the next unit, reading on to the next fragment when this one is used up.
func (f *fragments) next(in *input) (sample, error) {
	for len(f.queue) == 0 {
		if err := f.load(in); err != nil {
			return sample{}, err
		}
	}
	s := f.queue[0]
	f.queue = f.queue[1:]
	return s, nil
}

// restart forgets the fragment in progress: the next one is the first from where
// the input is.
func (f *fragments) restart() { f.queue, f.end = nil, 0 }

// skip goes n units on.
func (f *fragments) skip(in *input, n int64) error {
	for {
		err := f.load(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if int64(len(f.queue)) > n {
			f.queue = f.queue[n:]
			return nil
		}
		n -= int64(len(f.queue))
		f.queue = nil
	}
}

// count returns the units of all fragments from here on.
func (f *fragments) count(in *input) (n int64, err error) {
	for {
		switch err := f.load(in); {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return 0, err
		}
		n += int64(len(f.queue))
		f.queue = nil
	}
}

// load reads the next moof.
func (f *fragments) load(in *input) error {
	if f.end > 0 {
		if err := in.goTo(f.end); err != nil {
			return err
		}
	}
	for {
		start := in.pos
		kind, size, err := in.next()
		if errors.Is(err, io.ErrUnexpectedEOF) || size < 0 {
			return io.EOF
		}
		if err != nil {
			return err
		}
		if kind != "moof" {
			if err := in.goTo(in.pos + size); err != nil {
				return err
			}
			continue
		}
		b, err := in.content(size, maxMoof)
		if err != nil {
			return err
		}
		f.end = in.pos
		f.parse(b, start)
		if _, size, err := in.next(); err == nil && size >= 0 { // the media belonging to it
			f.end = in.pos + size
		}
		return nil
	}
}

// parse queues the units of a moof that begins at start.
func (f *fragments) parse(moof []byte, start int64) {
	f.queue = f.queue[:0]
	for kind, traf := range boxes(moof) {
		if kind == "traf" {
			f.traf(traf, start)
		}
	}
}

// Flags of tfhd and trun.
const (
	tfhdBase, tfhdDescription, tfhdDuration, tfhdSize                           = 0x1, 0x2, 0x8, 0x10
	trunOffset, trunFirst, trunDuration, trunSize, trunFlags, trunCompositionTS = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
)

// traf reads tfhd (track:4 [base:8] [description:4] [duration:4] [size:4] …) and
// the runs of units behind it.
func (f *fragments) traf(b []byte, base int64) {
	_, flags, h := full(find(b, "tfhd"))
	if len(h) < 4 || binary.BigEndian.Uint32(h) != f.track {
		return
	}
	h = h[4:]
	size := f.size
	if flags&tfhdBase != 0 && len(h) >= 8 {
		base = int64(binary.BigEndian.Uint64(h) & (1<<62 - 1))
		h = h[8:]
	}
	for _, flag := range []uint32{tfhdDescription, tfhdDuration, tfhdSize} {
		if flags&flag != 0 && len(h) >= 4 {
			if flag == tfhdSize {
				size = binary.BigEndian.Uint32(h)
			}
			h = h[4:]
		}
	}
	offset := base
	for kind, trun := range boxes(b) {
		if kind == "trun" {
			offset = f.run(trun, base, offset, size)
		}
	}
}

// run reads count:4 [offset:4] [first flags:4] { [duration:4] [size:4] [flags:4] [time:4] } …
// and returns where the next run begins.
func (f *fragments) run(b []byte, base, offset int64, size uint32) int64 {
	_, flags, b := full(b)
	if len(b) < 4 {
		return offset
	}
	n := int64(binary.BigEndian.Uint32(b))
	b = b[4:]
	if flags&trunOffset != 0 && len(b) >= 4 {
		offset = base + int64(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
	}
	if flags&trunFirst != 0 && len(b) >= 4 {
		b = b[4:]
	}
	width, sizeAt := 0, -1
	for _, flag := range []uint32{trunDuration, trunSize, trunFlags, trunCompositionTS} {
		if flags&flag != 0 {
			if flag == trunSize {
				sizeAt = width
			}
			width += 4
		}
	}
	const most = 1 << 16 // units of one run; only claims without content could have more
	for n = min(n, most); n > 0 && len(b) >= width; n-- {
		s := sample{offset, int64(size)}
		if sizeAt >= 0 {
			s.size = int64(binary.BigEndian.Uint32(b[sizeAt:]))
		}
		if offset < 0 || len(f.queue) > most {
			return offset
		}
		f.queue = append(f.queue, s)
		offset += s.size
		b = b[width:]
	}
	return offset
}
