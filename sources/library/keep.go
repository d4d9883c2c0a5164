package library

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"busker/sources/folders"
	"busker/sources/names"
)

// What is kept on disk, integers as varints, text with its length in front:
//
//	magic
//	whether ffmpeg described files, too: 0 or 1
//	for each folder with files:    1, directory of its music folder, path, how many files
//	  and for each of its files:   name size changed state about
//	0
//	CRC-32C of all that, 4 bytes little endian
//
// Another version of the program that means something else by it writes another magic. A
// file that is damaged anywhere is as good as none: everything can be found out again.
const magic = "busker library 1\n"

// maxText is the longest text that is kept: a path.
const maxText = 8192

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errDamaged = errors.New("the kept index is damaged")
)

// save replaces the file at path by one of what c knows, whatever happens in between.
func (c *catalogue) save(path string, ffmpeg bool) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(c.write(f, ffmpeg), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

func (c *catalogue) write(w io.Writer, ffmpeg bool) error {
	sum := crc32.New(castagnoli)
	e := encoder{w: bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)}
	e.raw(magic)
	e.bool(ffmpeg)
	for _, d := range c.folders {
		if len(d.files) == 0 {
			continue
		}
		e.uint(1)
		e.text(d.place.Folder.Dir)
		e.text(d.place.Path)
		e.uint(uint64(len(d.files)))
		for _, f := range d.files {
			e.file(f)
		}
	}
	e.uint(0)
	if err := e.w.Flush(); err != nil {
		return err
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

// encoder writes; the buffer remembers its first error.
type encoder struct {
	w *bufio.Writer
	b [binary.MaxVarintLen64]byte
}

func (e *encoder) raw(s string) { _, _ = e.w.WriteString(s) }

func (e *encoder) uint(n uint64) { _, _ = e.w.Write(e.b[:binary.PutUvarint(e.b[:], n)]) }

func (e *encoder) int(n int64) { _, _ = e.w.Write(e.b[:binary.PutVarint(e.b[:], n)]) }

func (e *encoder) text(s string) {
	e.uint(uint64(len(s)))
	e.raw(s)
}

func (e *encoder) bool(b bool) {
	if b {
		e.uint(1)
	} else {
		e.uint(0)
	}
}

func (e *encoder) file(f *file) {
	e.text(f.name)
	e.int(f.size)
	e.int(f.changed)
	e.uint(uint64(f.state))
	if f.state != described {
		return
	}
	for _, s := range []string{f.title, f.artist, f.album, f.albumArtist, f.genre, f.format} {
		e.text(s)
	}
	e.int(int64(f.length))
	for _, n := range []uint16{f.number, f.disc, f.year} {
		e.uint(uint64(n))
	}
	e.uint(uint64(math.Float32bits(f.lufs)))
	e.uint(uint64(math.Float32bits(f.peak)))
	e.bool(f.measured)
	e.bool(f.artwork)
	e.bool(f.seekable)
}

// load reads what save wrote, of the folders there are now. What ffmpeg might describe now and
// could not then, waits again.
func load(path string, ffmpeg bool, set *folders.Set) (*catalogue, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, ffmpeg, set)
}

func read(r io.Reader, ffmpeg bool, set *folders.Set) (*catalogue, error) {
	d := &decoder{sum: crc32.New(castagnoli)}
	d.r = bufio.NewReaderSize(r, 64<<10)
	if d.raw(len(magic)) != magic {
		return nil, fmt.Errorf("%w: it is of another version, or none", errDamaged)
	}
	again := d.bool() != ffmpeg
	roots := map[string]*folders.Folder{}
	for _, f := range set.List() {
		roots[f.Dir] = f
	}
	c := newCatalogue()
	for d.uint() == 1 && d.err == nil {
		root, path := d.text(), d.text()
		d.folder(c, roots[root], path, again)
	}
	want := d.sum.Sum32()
	var tail [4]byte
	if _, err := io.ReadFull(d.r, tail[:]); d.err != nil || err != nil || binary.LittleEndian.Uint32(tail[:]) != want {
		return nil, errors.Join(errDamaged, d.err)
	}
	return c, nil
}

// decoder reads what encoder wrote. After an error all it returns is zero.
type decoder struct {
	r   *bufio.Reader
	sum hash.Hash32
	err error
	one [1]byte
}

// ReadByte implements io.ByteReader.
func (d *decoder) ReadByte() (byte, error) {
	b, err := d.r.ReadByte()
	if err == nil {
		d.one[0] = b
		_, _ = d.sum.Write(d.one[:])
	}
	return b, err
}

func (d *decoder) fail(err error) {
	if d.err == nil && err != nil {
		d.err = err
	}
}

func (d *decoder) raw(n int) string {
	if d.err != nil {
		return ""
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(d.r, b); err != nil {
		d.fail(err)
		return ""
	}
	_, _ = d.sum.Write(b)
	return string(b)
}

func (d *decoder) uint() uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d)
	d.fail(err)
	return n
}

func (d *decoder) int() int64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(d)
	d.fail(err)
	return n
}

func (d *decoder) text() string {
	n := d.uint()
	if n > maxText {
		d.fail(errDamaged)
		return ""
	}
	return d.raw(int(n))
}

func (d *decoder) bool() bool { return d.uint() == 1 }

// folder reads the files of one folder; root is nil when it is a music folder no more.
func (d *decoder) folder(c *catalogue, root *folders.Folder, path string, again bool) {
	var to *folder
	if root != nil && d.err == nil {
		p := folders.Place{Folder: root, Path: path}
		if places := (folders.Place{Folder: root, Path: "."}).Below(path); places.Path != path || !filepath.IsLocal(path) {
			d.fail(errDamaged)
			return
		}
		to = c.folder(p)
	}
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		f := d.file(c)
		if again && f.state == refused {
			f.state = named
		}
		if to == nil || d.err != nil {
			continue
		}
		if _, twice := to.find(f.name); twice != nil || f.name == "" || f.name != base(folders.Place{Path: f.name}) {
			d.fail(errDamaged)
			return
		}
		c.add(to, f)
	}
}

func (d *decoder) file(c *catalogue) *file {
	f := &file{name: d.text(), size: d.int(), changed: d.int(), state: state(d.uint())}
	if f.state >= states || (f.state == listed) != names.Playlist(f.name) {
		d.fail(errDamaged)
	}
	if f.state != described || d.err != nil {
		return f
	}
	f.title, f.artist, f.album = d.text(), c.once(d.text()), c.once(d.text())
	f.albumArtist, f.genre, f.format = c.once(d.text()), c.once(d.text()), c.once(d.text())
	f.length = max(time.Duration(d.int()), 0)
	for _, n := range []*uint16{&f.number, &f.disc, &f.year} {
		*n = uint16(d.uint())
	}
	f.lufs, f.peak = math.Float32frombits(uint32(d.uint())), math.Float32frombits(uint32(d.uint()))
	f.measured, f.artwork, f.seekable = d.bool(), d.bool(), d.bool()
	return f
}
