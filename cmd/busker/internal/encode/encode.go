// Package encode turns one file into a DCA file: what `busker encode` does.
//
// It reads what package decode reads, filters and encodes as fast as one core goes, and
// copies Opus as it is where nothing else was asked for. The progress bar's goroutines have
// ended when Run returns.
package encode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/dca"
)

// Std stands for standard input and standard output.
const Std = "-"

// Options say what to encode, and how.
type Options struct {
	Input  string // a file, or Std
	Output string // a file, or Std; "" is the input's name with .dca, in this folder
	Force  bool   // write over a file that is there
	Raw    bool   // DCA0: no header

	Start      time.Duration // begin here
	Bitrate    int           // bit/s; 0 = opus.DefaultBitrate, or as it is
	Complexity int           // 0 = opus.DefaultComplexity
	Backend    string        // of opus.Backends and opus.StreamBackends; "" = the best
	Settings   dsp.Settings  // what to do to the sound

	Comment string
	NoCover bool   // leave the cover picture out
	Tool    string // our version, for the header

	Terminal bool // Progress is one: draw a bar there
	Progress io.Writer
}

// Run encodes. Unless it returns nil there is no output file, or the old one.
func Run(ctx context.Context, o Options) error {
	err := o.run(ctx)
	if err != nil && ctx.Err() != nil {
		return fault.Wrap(fault.Canceled, "Stopped; nothing was written.", err)
	}
	return err
}

func (o Options) run(ctx context.Context) error {
	if o.Output == "" {
		if o.Input == Std {
			return fault.New(fault.Invalid, "Say where to write what comes from standard input: -o FILE.")
		}
		base := filepath.Base(o.Input)
		o.Output = strings.TrimSuffix(base, filepath.Ext(base)) + ".dca"
	}
	in, err := openInput(ctx, o)
	if err != nil {
		return fmt.Errorf("open %s: %w", o.Input, err)
	}
	defer func() { _ = in.reader.Close() }()                         // it was only read
	defer context.AfterFunc(ctx, func() { _ = in.reader.Close() })() // so that it waits for nothing
	out, err := create(o.Output, o.Force)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := o.write(ctx, in, out); err != nil {
		return err
	}
	return out.keep()
}

// write makes the file in out.
func (o *Options) write(ctx context.Context, in *input, out *output) error {
	began := time.Now()
	bar := newProgress(o, in.left(o.Start))
	defer bar.stop()
	buffer := bufio.NewWriterSize(out, 64<<10)
	w, err := o.header(buffer, in, out)
	if err != nil {
		return err
	}
	packets, ok := in.reader.(audio.PacketReader)
	copied := ok && o.asItIs()
	var skip, tail int
	if copied {
		skip, tail, err = pass(ctx, packets, w, bar)
	} else {
		skip, tail, err = o.encode(ctx, in.reader, w, bar)
	}
	if err == nil && w.Samples() == 0 {
		err = fault.New(fault.Invalid, "There is no sound to encode.")
	}
	if err != nil {
		return fmt.Errorf("encode %s: %w", o.Input, err)
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", o.Output, err)
	}
	if out.file != nil && !o.Raw {
		if err := out.finish(w, skip, tail, in.loudness(o, copied)); err != nil {
			return fmt.Errorf("write %s: %w", o.Output, err)
		}
	}
	bar.finish(o.Output, w, copied, time.Since(began))
	return nil
}

// asItIs reports that nothing was asked for that takes encoding.
func (o *Options) asItIs() bool {
	return o.Bitrate == 0 && o.Complexity == 0 && o.Backend == "" && o.Settings == dsp.Settings{}
}

func (o *Options) header(w io.Writer, in *input, out *output) (*dca.Writer, error) {
	m := in.metadata(o)
	switch {
	case o.Raw:
		return dca.NewRaw(w), nil
	case out.file != nil:
		return dca.NewIndexed(w, m)
	}
	return dca.NewWriter(w, m)
}

// pass writes packets as they are.
func pass(ctx context.Context, r audio.PacketReader, w *dca.Writer, bar *progress) (skip, tail int, err error) {
	p := audio.NewPacket()
	defer p.Release()
	for ctx.Err() == nil {
		err := r.ReadPacket(p)
		if errors.Is(err, io.EOF) {
			if e, ok := r.(audio.Ending); ok {
				tail = e.Tail()
			}
			return skip, tail, nil
		}
		if err != nil {
			return 0, 0, err
		}
		if w.Samples() == 0 {
			skip = r.Skip()
		}
		if err := w.WritePacket(p.Bytes()); err != nil {
			return 0, 0, err
		}
		bar.add(audio.FrameTime)
	}
	return 0, 0, ctx.Err()
}

func (o *Options) encode(ctx context.Context, r audio.Reader, w *dca.Writer, bar *progress) (skip, tail int, err error) {
	e, err := opus.NewEncoder(opus.EncoderOptions{
		Backend: o.Backend, Bitrate: o.Bitrate, Complexity: o.Complexity, Delayed: true,
	})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	p := &press{encoder: e, writer: w}
	from := newFiltered(r, o.Settings, bar)
	var b audio.Block
	for ctx.Err() == nil {
		err := from.read(&b)
		if errors.Is(err, io.EOF) {
			return p.end(from.tail())
		}
		if err == nil {
			err = p.put(&b)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return 0, 0, ctx.Err()
}

// errNoFile says that a path does not lead to one.
func errNoFile(path string, info os.FileInfo) error {
	if info.IsDir() {
		return fault.Newf(fault.Invalid, "%s is a folder.", path)
	}
	return fault.Newf(fault.Invalid, "%s is not a regular file; %q is standard input or output.", path, Std)
}
