package loudness

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
)

// spareLines is how many lines a file may have beside two for each track before it is
// written anew.
const spareLines = 4096

// journal is a file of lines, of which a later one replaces an earlier one of the same
// content. A crash costs the lines that were being written.
type journal struct {
	path  string
	file  *os.File // nil until something is appended
	lines int
	whole bool // all lines were read or written well; otherwise it is written anew
}

// load reads the newest lines, at most of so many tracks, and counts those that are none.
func (j *journal) load(tracks int, put func(entry)) (damaged int, err error) {
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		j.whole = true
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if most := int64(2*tracks+spareLines) * lineBytes; info.Size() > most { // nobody writes that much
		damaged++
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return 0, err
		}
	}
	n, err := j.read(f, put)
	damaged += n
	j.whole = damaged == 0
	return damaged, err
}

// read takes all lines of r.
func (j *journal) read(r io.Reader, put func(entry)) (damaged int, err error) {
	lines := bufio.NewReaderSize(r, 4<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			j.lines++
			if e, ok := parse(line); ok {
				put(e)
			} else {
				damaged++
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return damaged, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull): // that one is no line
			return damaged, err
		}
	}
}

// long reports that the file has to be written anew, there being so many tracks.
func (j *journal) long(tracks int) bool { return !j.whole || j.lines > 2*tracks+spareLines }

// append writes entries behind what there is.
func (j *journal) append(entries []entry) (err error) {
	if j.file == nil {
		if j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			j.file, j.whole = nil, false
			return err
		}
	}
	if _, err := j.file.Write(text(entries)); err != nil {
		j.whole = false
		return err
	}
	j.lines += len(entries)
	return nil
}

// rewrite replaces the file by one of those entries.
func (j *journal) rewrite(entries []entry) error {
	j.close()
	j.whole = false
	if err := replace(j.path, text(entries)); err != nil {
		return err
	}
	j.lines, j.whole = len(entries), true
	return nil
}

// replace has path hold either what it did or b, whatever happens.
func replace(path string, b []byte) error {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary) // the next one writes over it otherwise
	}
	return err
}

func text(entries []entry) []byte {
	b := make([]byte, 0, len(entries)*lineBytes)
	for i := range entries {
		b = entries[i].appendLine(b)
	}
	return b
}

func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close() // whatever it says now, a damaged line is noticed
		j.file = nil
	}
}
