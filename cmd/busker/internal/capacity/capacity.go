// Package capacity finds out and tells how many streams this machine carries: it is
// what `busker bench` runs.
package capacity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/bench/engine"
	"busker/cmd/busker/internal/album"
	"busker/internal/cores"
	"busker/internal/fault"
	"busker/opus"
)

// Options say what to measure.
type Options struct {
	Kinds      []string // names of engine.Kinds; empty = all
	Guilds     int      // so many instead of looking for the limit; 0 = look
	Window     time.Duration
	Music      string // file to play; "" = the sample album
	Bitrate    int    // bit/s; 0 = as by default
	Complexity int    // 0 = 5
	Backend    string // "" = the default
	JSON       bool
	Version    string // of this build

	Out      io.Writer // the table
	Progress io.Writer // what is being done
	Terminal bool      // Progress is a terminal, whose lines can be written over
}

// Machine is where it was measured.
type Machine struct {
	Version string `json:"version"`
	System  string `json:"system"`
	Cores   int    `json:"cores"`
	CPU     string `json:"cpu,omitempty"`
	Encoder string `json:"encoder"`
}

// frames is how much different sound is played in turns: 20 s.
const frames = 20 * audio.FramesPerSecond

// Run measures and prints.
func Run(ctx context.Context, o Options) error {
	if runtime.GOOS == "windows" {
		return fault.New(fault.Unsupported, "Windows does not tell this program how much processor time it uses, which is what is to be measured.")
	}
	properties, err := opus.Describe(o.Backend)
	if err != nil {
		return fault.Wrap(fault.Invalid, "There is no such encoder in this build.", err)
	}
	sound, err := o.sound(ctx)
	if err != nil {
		return err
	}
	machine := Machine{
		Version: o.Version, System: runtime.GOOS + "/" + runtime.GOARCH, Cores: cores.Count(), CPU: processor(),
		Encoder: properties.Name + " " + properties.Version,
	}
	progress := newProgress(o)
	var rows []engine.Found
	for _, kind := range o.kinds() {
		engineOptions := engine.Options{
			Kind: kind, Sound: sound, Bitrate: o.Bitrate, Complexity: o.Complexity, Backend: o.Backend,
		}
		found, err := o.measure(ctx, engineOptions, progress)
		progress.done()
		if err != nil {
			if ctx.Err() != nil { // what there is
				err = errors.New("interrupted: not all kinds were measured")
				if len(rows) > 0 {
					err = errors.Join(err, o.tell(machine, rows))
				}
				return err
			}
			return fmt.Errorf("measure %s: %w", kind.Name, err)
		}
		rows = append(rows, found)
	}
	return o.tell(machine, rows)
}

func (o *Options) tell(m Machine, rows []engine.Found) error {
	if o.JSON {
		return writeJSON(o.Out, m, rows)
	}
	return o.table(m, rows)
}

func (o *Options) kinds() []engine.Kind {
	if len(o.Kinds) == 0 {
		return engine.Kinds()
	}
	var kinds []engine.Kind
	for _, name := range o.Kinds {
		if k, ok := engine.Find(name); ok {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

func (o *Options) measure(ctx context.Context, eo engine.Options, p *progress) (engine.Found, error) {
	p.begin(eo.Kind)
	if o.Guilds == 0 {
		return engine.Search(ctx, eo, engine.SearchOptions{Window: o.Window, Step: p.step})
	}
	return fixed(ctx, eo, o.Guilds, o.Window, p)
}

// fixed has n guilds play.
func fixed(ctx context.Context, eo engine.Options, n int, window time.Duration, p *progress) (found engine.Found, err error) {
	e, err := engine.New(ctx, eo)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := e.Grow(ctx, n); err != nil {
		return found, err
	}
	if err := e.Settle(ctx, 2*time.Second); err != nil {
		return found, err
	}
	runtime.GC()
	r, err := e.Measure(ctx, window)
	if err != nil {
		return found, err
	}
	p.step(r)
	return engine.Found{Kind: eo.Kind, Limit: n, Last: r, Usual: r}, err
}

// sound is what is played.
func (o *Options) sound(ctx context.Context) ([]audio.Block, error) {
	if o.Music != "" {
		s, err := bench.Music(ctx, frames, o.Music)
		return s.Blocks, err
	}
	dir, err := os.MkdirTemp("", "busker-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if err := album.Unpack(dir); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+album.Extension))
	if err != nil {
		return nil, err
	}
	s, err := bench.Music(ctx, frames, files...)
	return s.Blocks, err
}
