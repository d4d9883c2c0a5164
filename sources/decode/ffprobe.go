package decode

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"busker/internal/fault"
	"busker/sources/decode/tags"
)

const (
	probeTime = 10 * time.Second
	probeHead = 1 << 20 // of content from a pipe
)

// describe asks ffprobe for length and tags. Content that would have to be fetched
// whole for it is left undescribed: it still plays.
func (f *FFmpeg) describe(ctx context.Context, c *content, k kind) (Info, error) {
	if f.probe == "" || k.whole && c.in.Slow {
		return Info{}, nil
	}
	src, err := f.source(c, k)
	if err != nil {
		return Info{}, err
	}
	defer src.done()
	if src.stdin != nil {
		src.stdin = io.LimitReader(src.stdin, probeHead)
	}
	limited, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	cmd := src.command(limited, f.probe, []string{"-f", k.demuxer},
		[]string{"-show_entries", "format=duration:format_tags:stream=codec_type:stream_tags", "-of", "json"})
	var said tail
	cmd.Stderr = &said
	var out head
	cmd.Stdout = &out
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it had seen enough while the next byte was still to come
	}
	switch {
	case c.failure() != nil:
		return Info{}, c.failure()
	case limited.Err() != nil:
		return Info{}, ctx.Err() // the time being up is no reason not to try and play it
	case err != nil:
		return Info{}, fault.Wrapf(fault.Corrupt, errors.Join(err, errors.New(said.String())), "This %s file is damaged.", fault.Term(k.name))
	}
	return parseProbe(out.b, k.name, src.stdin == nil)
}

// silence stands for the stream of content that was only described.
type silence struct{ stream }

func (silence) Close() error { return nil }

// head keeps the beginning of what is written to it.
type head struct{ b []byte }

func (l *head) Write(p []byte) (int, error) {
	const most = 1 << 20
	l.b = append(l.b, p[:min(len(p), most-len(l.b))]...)
	return len(p), nil
}

// parseProbe reads ffprobe's JSON. Only of a whole file it knows the length.
func parseProbe(b []byte, name string, whole bool) (Info, error) {
	var probe struct {
		Streams []struct {
			Type string            `json:"codec_type"`
			Tags map[string]string `json:"tags"`
		} `json:"streams"`
		Format struct {
			Duration string            `json:"duration"`
			Tags     map[string]string `json:"tags"`
		} `json:"format"`
	}
	if json.Unmarshal(b, &probe) != nil {
		return Info{}, nil //nolint:nilerr // a description is not worth failing for
	}
	audible := false
	info := Info{}
	for _, s := range probe.Streams {
		if s.Type == "audio" {
			audible = true
			info.add(tagsOf(s.Tags))
		}
	}
	if !audible {
		return Info{}, fault.Newf(fault.Unsupported, "This %s file has no sound.", fault.Term(name))
	}
	info.add(tagsOf(probe.Format.Tags))
	if seconds, err := strconv.ParseFloat(probe.Format.Duration, 64); err == nil && whole && seconds > 0 && seconds < math.MaxInt32 {
		info.Length = time.Duration(seconds * float64(time.Second))
	}
	return info, nil
}

func tagsOf(m map[string]string) (t tags.Tags) {
	var gains tags.Gains
	for name, value := range m {
		switch strings.ToLower(name) {
		case "title":
			t.Title = tags.Clean(value)
		case "artist":
			t.Artist = tags.Clean(value)
		case "album":
			t.Album = tags.Clean(value)
		default:
			if !t.Add(name, value) {
				gains.Add(name, value)
			}
		}
	}
	t.Loudness = gains.Loudness()
	return t
}
