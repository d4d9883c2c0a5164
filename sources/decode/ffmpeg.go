package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/sources/decode/wav"
)

// FFmpeg runs ffmpeg for the formats this package does not decode itself. It is
// safe for concurrent use and shared by everything that decodes, so that its
// limits count for the process.
//
// What ffmpeg gets is content whose container this package recognised, through a
// pipe or an open file, with that one demuxer forced: it is never given an address
// or a path from outside, and no playlist can send it to one.
type FFmpeg struct {
	opts   FFmpegOptions
	ffmpeg string
	probe  string // ffprobe beside it, "" when there is none
	slots  chan struct{}
	starts *starts
	asks   bool // this copy only describes
}

// FFmpegOptions describe the ffmpeg to use.
type FFmpegOptions struct {
	// Path of the program, or a bare name to be found in PATH. "" is "ffmpeg".
	Path string
	// Processes is how many may run at once: each takes about 10 MiB and 55 ms
	// of CPU to start. 0 is 16.
	Processes int
	// Starts is how many may be started in a second. 0 is 8 for each core: starting
	// them takes the time others need to keep playing.
	Starts float64
	// Wait is how long to wait for one of them to end, and for the turn to start one.
	// 0 is 10 s.
	Wait time.Duration
	// MaxSpool is the largest content from the network, in bytes, that is kept in
	// a temporary file because its format must be read out of order. 0 is 512 MiB.
	MaxSpool int64
	// TempDir is where; "" is the system's.
	TempDir string
}

// NewFFmpeg finds the program. It fails with fault.NotFound when there is none.
func NewFFmpeg(opts FFmpegOptions) (*FFmpeg, error) {
	if opts.Path == "" {
		opts.Path = "ffmpeg"
	}
	if opts.Processes <= 0 {
		opts.Processes = 16
	}
	if opts.Wait <= 0 {
		opts.Wait = 10 * time.Second
	}
	if opts.MaxSpool <= 0 {
		opts.MaxSpool = 512 << 20
	}
	path, err := exec.LookPath(opts.Path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, "ffmpeg is not installed.", err)
	}
	f := &FFmpeg{opts: opts, ffmpeg: path, slots: make(chan struct{}, opts.Processes), starts: newStarts(opts.Starts)}
	beside := filepath.Join(filepath.Dir(path), strings.Replace(filepath.Base(path), "ffmpeg", "ffprobe", 1))
	if beside != path {
		f.probe, _ = exec.LookPath(beside)
	}
	return f, nil
}

// asProbe returns a copy that describes content instead of decoding it.
func (f *FFmpeg) asProbe() *FFmpeg {
	if f == nil {
		return nil
	}
	g := *f
	g.asks = true
	return &g
}

// open starts ffmpeg on c at the given media time.
func (f *FFmpeg) open(ctx context.Context, c *content, k kind, at time.Duration) (stream, Info, error) {
	if err := f.acquire(ctx); err != nil {
		return nil, Info{}, err
	}
	if f.asks {
		defer f.release()
		info, err := f.describe(ctx, c, k)
		return silence{}, info, err
	}
	s, err := f.start(ctx, c, k, at)
	if err != nil {
		f.release()
		return nil, Info{}, err
	}
	return s, Info{}, nil
}

// acquire waits for one of the places of opts.Processes and for the turn to start.
func (f *FFmpeg) acquire(ctx context.Context) error {
	timer := time.NewTimer(f.opts.Wait)
	defer timer.Stop()
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errBusy
	}
	if err := f.starts.wait(ctx, f.opts.Wait); err != nil {
		f.release()
		return err
	}
	return nil
}

func (f *FFmpeg) release() { <-f.slots }

// source is how a child reads the content.
type source struct {
	name  string // what to give to -i
	proto string // the only protocol it may use
	stdin io.Reader
	file  *os.File // fd 3 of the child
	spool bool     // file is ours to close
}

// source gives content to a child: an open file as it is, the rest through a pipe,
// and through a temporary file what must be read out of order.
func (f *FFmpeg) source(c *content, k kind) (source, error) {
	if file, ok := c.in.Reader.(*os.File); ok {
		return source{name: fdPath, proto: "file", file: file}, nil
	}
	if !k.whole || c.in.Live {
		return source{name: "pipe:0", proto: "pipe", stdin: c}, nil
	}
	file, err := f.spool(c)
	if err != nil {
		return source{}, err
	}
	return source{name: fdPath, proto: "file", file: file, spool: true}, nil
}

// fdPath names fd 3 so that opening it gives the child a file position of its own.
const fdPath = "/dev/fd/3"

func (f *FFmpeg) spool(c *content) (*os.File, error) {
	if c.size() > f.opts.MaxSpool {
		return nil, errSpool
	}
	file, err := os.CreateTemp(f.opts.TempDir, "busker-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	n, err := io.Copy(file, io.LimitReader(c, f.opts.MaxSpool+1))
	err = errors.Join(err, os.Remove(file.Name()))
	if err == nil && n > f.opts.MaxSpool {
		err = errSpool
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

var errSpool = fault.New(fault.TooLarge, "This file is too large to be decoded by ffmpeg.")

// command prepares a child with the arguments before and behind the input.
func (s source) command(ctx context.Context, program string, before, behind []string) *exec.Cmd {
	args := append([]string{"-v", "error", "-protocol_whitelist", s.proto}, before...)
	args = append(args, "-i", s.name)
	cmd := exec.CommandContext(ctx, program, append(args, behind...)...)
	cmd.Env = []string{"LC_ALL=C"} // our own holds secrets
	cmd.Stdin = s.stdin
	if s.file != nil {
		cmd.ExtraFiles = []*os.File{s.file}
	}
	cmd.WaitDelay = 2 * time.Second
	killGroup(cmd)
	return cmd
}

// done closes what the child has a copy of.
func (s source) done() {
	if s.spool {
		_ = s.file.Close() // read only, and removed already
	}
}

// start runs ffmpeg and reads its output as a WAV file that never ends.
func (f *FFmpeg) start(ctx context.Context, c *content, k kind, at time.Duration) (*child, error) {
	src, err := f.source(c, k)
	if err != nil {
		return nil, err
	}
	defer src.done()
	before := []string{"-f", k.demuxer}
	behind := []string{"-map", "0:a:0", "-vn", "-sn", "-dn"}
	if seek := []string{"-ss", strconv.FormatFloat(at.Seconds(), 'f', 6, 64)}; at > 0 {
		if src.stdin == nil {
			before = append(before, seek...)
		} else {
			behind = append(behind, seek...) // decoded and dropped
		}
	}
	behind = append(behind, "-c:a", "pcm_f32le", "-ar", strconv.Itoa(audio.SampleRate), "-f", "wav", "pipe:1")
	if src.stdin == nil {
		before = append(before, "-nostdin")
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &child{ffmpeg: f, name: k.name, content: c, cancel: cancel}
	p.cmd = src.command(ctx, f.ffmpeg, append(before, "-threads", "1"), behind)
	p.cmd.Stderr = &p.said
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	p.out.Reader = out
	if p.wav, err = wav.NewDecoder(&p.out, -1); err != nil {
		return nil, p.fail(err)
	}
	return p, nil
}

// child is a running ffmpeg as a stream.
type child struct {
	ffmpeg  *FFmpeg
	name    string
	content *content
	cmd     *exec.Cmd
	cancel  context.CancelFunc
	out     waitingReader // its standard output
	wav     *wav.Decoder
	said    tail
	waited  bool
	err     error // of Wait
}

func (p *child) Format() format { return format{p.wav.Rate, p.wav.Channels, dsp.WAVE} }

// OnWait implements audio.Waiting: what is waited for is the child. The content is
// read on another goroutine.
func (p *child) OnWait(wait, resume func()) { p.out.waits = waits{wait, resume} }

// SeekSample leaves all that comes before the sample to be dropped.
func (p *child) SeekSample(int64) (int64, error) { return 0, nil }

func (p *child) Read(dst []float32) (int, error) {
	n, err := p.wav.Read(dst)
	if err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return n, err
	}
	if p.wait() != nil { // it complains about a cut file, too: what it gave counts
		return n, io.ErrUnexpectedEOF
	}
	return n, io.EOF
}

// wait reaps the child once its output has ended.
func (p *child) wait() error {
	if !p.waited {
		p.waited = true
		p.err = p.cmd.Wait()
		p.cancel()
	}
	return p.err
}

func (p *child) Close() error {
	p.cancel()
	_ = p.wait() // it was killed
	p.ffmpeg.release()
	return nil
}

// fail ends a child that gave no audio and says why.
func (p *child) fail(err error) error {
	p.cancel()
	err = errors.Join(err, p.wait(), errors.New(p.said.String()))
	switch {
	case p.content.failure() != nil:
		return p.content.failure()
	case strings.Contains(p.said.String(), "matches no streams"):
		return fault.Wrapf(fault.Unsupported, err, "This %s file has no sound.", fault.Term(p.name))
	case strings.Contains(p.said.String(), "Unknown input format"), strings.Contains(p.said.String(), "Decoder not found"),
		strings.Contains(p.said.String(), "no decoder found"):
		return fault.Wrapf(fault.Unsupported, err, "%s files cannot be played by the ffmpeg that is installed here.", fault.Term(p.name))
	}
	return fault.Wrapf(fault.Corrupt, err, "This %s file is damaged: ffmpeg finds no sound in it.", fault.Term(p.name))
}

// tail keeps the last of what a child says.
type tail struct{ b []byte }

const maxTail = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[max(0, len(p)-maxTail):]...)
	t.b = t.b[max(0, len(t.b)-maxTail):]
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.b)) }
