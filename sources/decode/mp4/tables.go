package mp4

import (
	"encoding/binary"
	"fmt"
	"io"
)

// parseTables finds the tables; they are read in place later.
func (t *Track) parseTables(stbl []byte) error {
	t.times = entries(find(stbl, "stts"), 8)
	t.chunks = entries(find(stbl, "stsc"), 12)
	t.offsets = entries(find(stbl, "stco"), 4)
	if t.offsets == nil {
		t.offsets, t.wide = entries(find(stbl, "co64"), 8), true
	}
	_, _, b := full(find(stbl, "stsz"))
	if len(b) < 8 {
		if find(stbl, "stz2") != nil {
			return fmt.Errorf("%w: compact sample sizes", ErrFormat)
		}
		return nil // a fragmented file may have none
	}
	t.size = binary.BigEndian.Uint32(b)
	t.Units = int64(binary.BigEndian.Uint32(b[4:]))
	if t.size == 0 {
		t.sizes = b[8:]
		t.Units = min(t.Units, int64(len(t.sizes)/4))
	}
	return nil
}

// entries cuts the count off a table and returns the entries that are there.
func entries(b []byte, width int) []byte {
	_, _, b = full(b)
	if len(b) < 4 {
		return nil
	}
	n := min(int64(binary.BigEndian.Uint32(b)), int64(len(b)-4)/int64(width))
	return b[4 : 4+n*int64(width)]
}

func u32(b []byte, i int64) int64 { return int64(binary.BigEndian.Uint32(b[4*i:])) }

// unitSize returns the size of access unit i in bytes.
func (t *tables) unitSize(i int64) int64 {
	if t.size > 0 {
		return int64(t.size)
	}
	return u32(t.sizes, i)
}

func (t *tables) chunkOffset(chunk int64) (int64, bool) {
	switch {
	case chunk < 0:
		return 0, false
	case t.wide && chunk < int64(len(t.offsets)/8):
		n := int64(binary.BigEndian.Uint64(t.offsets[8*chunk:]))
		return n, n >= 0
	case !t.wide && chunk < int64(len(t.offsets)/4):
		return u32(t.offsets, chunk), true
	}
	return 0, false
}

// cursor is a place in the tables: access unit and chunk, from 0.
type cursor struct {
	unit   int64
	chunk  int64
	entry  int64 // of stsc
	inside int64 // units of the chunk already passed
	offset int64 // of the unit in the file
}

// perChunk is how many units each chunk of the cursor's stsc entry has.
func (t *Track) perChunk(c cursor) int64 { return u32(t.chunks, 3*c.entry+1) }

// at returns the cursor of a unit.
func (t *Track) at(unit int64) (cursor, error) {
	var c cursor
	n := int64(len(t.chunks) / 12)
	if unit >= t.Units || n == 0 {
		return c, io.EOF
	}
	for left := unit; ; c.entry++ {
		if c.entry >= n {
			return c, io.EOF
		}
		first, per := u32(t.chunks, 3*c.entry), t.perChunk(c)
		run := int64(1) << 40 // the last entry goes on for ever
		if c.entry+1 < n {
			run = u32(t.chunks, 3*c.entry+3) - first
		}
		if per <= 0 || run < 0 {
			return c, fmt.Errorf("%w: chunk table", ErrFormat)
		}
		if left < run*per {
			c.chunk, c.inside = first-1+left/per, left%per
			break
		}
		left -= run * per
	}
	offset, ok := t.chunkOffset(c.chunk)
	if !ok {
		return c, io.EOF
	}
	if t.size > 0 {
		offset += c.inside * int64(t.size)
	} else {
		for i := unit - c.inside; i < unit; i++ {
			offset += t.unitSize(i)
		}
	}
	c.unit, c.offset = unit, offset
	return c, nil
}

// after returns the cursor of the unit behind c. It steps on instead of looking the
// unit up: a crafted table would make that cost the square of its length.
func (t *Track) after(c cursor) (cursor, error) {
	if c.unit+1 >= t.Units {
		return c, io.EOF
	}
	c.offset += t.unitSize(c.unit)
	c.unit++
	if c.inside++; c.inside < t.perChunk(c) {
		return c, nil
	}
	c.inside = 0
	c.chunk++
	for n := int64(len(t.chunks) / 12); c.entry+1 < n && u32(t.chunks, 3*c.entry+3)-1 <= c.chunk; {
		c.entry++
	}
	if t.perChunk(c) <= 0 {
		return c, fmt.Errorf("%w: chunk table", ErrFormat)
	}
	var ok bool
	if c.offset, ok = t.chunkOffset(c.chunk); !ok {
		return c, io.EOF
	}
	return c, nil
}
