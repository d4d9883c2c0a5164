package demo

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"busker/audio"
	"busker/emulator/listen"
)

// save writes the recording as WAV or Ogg/Opus, by the file's ending.
func save(path string, r *listen.Recording) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriter(f)
	encode := r.WriteOgg
	if strings.EqualFold(filepath.Ext(path), ".wav") {
		encode = r.WriteWAV
	}
	if err := encode(w); err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	return w.Flush()
}

// limited ends a Reader after some frames.
type limited struct {
	audio.Reader
	left int64
}

// ReadBlock returns io.EOF once the frames are used up.
func (l *limited) ReadBlock(b *audio.Block) error {
	if l.left <= 0 {
		return io.EOF
	}
	l.left--
	return l.Reader.ReadBlock(b)
}
