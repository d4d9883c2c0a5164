package encode

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"busker/internal/fault"
	"busker/opus/dca"
)

// output is a file that appears under its name when it is whole, or standard output.
type output struct {
	io.Writer
	path  string
	force bool
	file  *os.File // nil for standard output
}

func create(path string, force bool) (*output, error) {
	if path == Std {
		return &output{Writer: os.Stdout}, nil
	}
	if err := mayWrite(path, force); err != nil {
		return nil, err
	}
	// Not os.CreateTemp: the file gets the permissions any new file gets.
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.part", filepath.Base(path), os.Getpid()))
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Wrapf(fault.NotFound, err, "There is no folder %s.", filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return nil, fault.Wrapf(fault.Denied, err, "I may not write to %s.", filepath.Dir(path))
	case err != nil:
		return nil, fmt.Errorf("create output: %w", err)
	}
	return &output{Writer: f, path: path, force: force, file: f}, nil
}

// mayWrite refuses what must not be replaced.
func mayWrite(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at output: %w", err)
	case !info.Mode().IsRegular():
		return errNoFile(path, info)
	case !force:
		return fault.Newf(fault.Invalid, "%s is there already; --force writes over it.", path)
	}
	return nil
}

// finish writes the complete header over the first.
func (o *output) finish(w *dca.Writer, skip, tail int, l *dca.Loudness) error {
	header, err := w.Header(skip, tail, l)
	if err != nil {
		return err
	}
	_, err = o.file.WriteAt(header, 0)
	return err
}

// keep gives the file its name.
func (o *output) keep() error {
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil { // some file systems tell only now that they are full
		return fmt.Errorf("write %s: %w", o.path, err)
	}
	if err := mayWrite(o.path, o.force); err != nil {
		return err
	}
	if err := os.Rename(o.file.Name(), o.path); err != nil {
		return fmt.Errorf("write %s: %w", o.path, err)
	}
	o.file = nil
	return nil
}

// discard removes what was not kept.
func (o *output) discard() {
	if o.file != nil {
		_ = o.file.Close() // it goes anyway, and may be closed
		_ = os.Remove(o.file.Name())
	}
}
