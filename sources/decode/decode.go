// Package decode turns whatever a file or a link holds into 48 kHz stereo blocks, or
// hands on the Opus packets in it as they are.
//
// What the content is, the content itself says: names and declared types are
// never believed. Common formats are decoded in this process, the rest by an
// ffmpeg child where one is configured. The package fetches nothing and knows no
// paths or addresses; hostile input may cost an error and never the process.
package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode/mp4"
	"busker/sources/decode/tags"
)

// errElsewhere is what an opener returns for content that is good and needs
// another decoder than this process has.
var errElsewhere = errors.New("not decoded in this process")

// opener begins to decode content whose kind is known. It returns as much of the
// Info as it found also with errElsewhere.
type opener func(c *content) (stream, Info, error)

// Open decodes in from the given media time on. It takes in over: Close of the
// Reader closes in.Reader where that is an io.Closer, and so does a failed Open.
//
// A Reader may be closed while a ReadBlock is in progress if closing in.Reader
// ends a Read of it. Content cut short plays to the cut and ends there. ctx bounds
// the Reader's whole life.
//
// The Reader is an audio.Ending and an audio.Waiting, and has the method Version() string,
// which is that of in. It is an audio.PacketReader if
// what it reads is Opus that Discord takes as it is: one stream, mono or stereo,
// without an output gain, in frames of 20 ms or less. Its first packet is then the one
// in which the time at is heard, and no decoder is made until somebody wants blocks.
func Open(ctx context.Context, in Input, at time.Duration, opts Options) (audio.Reader, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := newContent(ctx, cancel, in)
	r, err := open(ctx, c, at, opts)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	if err := r.prime(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return passage(r), nil
}

func open(ctx context.Context, c *content, at time.Duration, opts Options) (*reader, error) {
	d, err := begin(ctx, c, at, opts)
	if err != nil {
		return nil, err
	}
	r := newReader(c, d.info.Format, d.stream)
	if at > 0 && !d.placed && !c.in.Live {
		err := guard(d.info.Format, func() error { return r.seek(at) })
		if err != nil {
			return nil, errors.Join(r.verdict(err, 0), d.stream.Close())
		}
	}
	return r, nil
}

// seek goes to at where the content can, and otherwise decodes up to it.
func (r *reader) seek(at time.Duration) error {
	f := r.stream.Format()
	want := int64(at)/int64(time.Second)*int64(f.rate) + int64(at)%int64(time.Second)*int64(f.rate)/int64(time.Second)
	r.skip = want
	if r.content.seeker == nil {
		return nil
	}
	got, err := r.stream.SeekSample(want)
	if err != nil {
		return err
	}
	r.skip, r.sought = want-got, true
	return nil
}

// Probe says what in holds without decoding more than it must and without
// reading all of it. It leaves in open, at any position.
func Probe(ctx context.Context, in Input, opts Options) (Info, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newContent(ctx, cancel, in)
	c.probing = true
	d, err := begin(ctx, c, 0, Options{FFmpeg: opts.FFmpeg.asProbe()})
	if err != nil {
		return Info{}, err
	}
	if err := d.stream.Close(); err != nil {
		return Info{}, fmt.Errorf("close %s: %w", d.info.Format, err)
	}
	missing := d.info.Title == "" || !d.info.Loudness.Known && d.info.Format == "MP3" && !c.in.Slow
	if missing && !d.child && c.seeker != nil {
		d.info.add(trailer(c))
	}
	return d.info, nil
}

// trailer reads the tags at the very end, where the oldest kinds are: ID3v1, and
// APE in front of it.
func trailer(c *content) (t tags.Tags) {
	end := c.size()
	b := c.at(max(0, end-tags.ID3v1Bytes-tags.APEFooterBytes), end)
	if len(b) >= tags.ID3v1Bytes && string(b[len(b)-tags.ID3v1Bytes:][:3]) == "TAG" {
		t = tags.ParseID3v1(b[len(b)-tags.ID3v1Bytes:])
		end -= tags.ID3v1Bytes
		b = b[:len(b)-tags.ID3v1Bytes]
	}
	if size := tags.APESize(b[max(0, len(b)-tags.APEFooterBytes):]); size > 0 && size <= end {
		ape := tags.ParseAPE(c.at(end-size, end-tags.APEFooterBytes))
		ape.Merge(t)
		t = ape
	}
	return t
}

// at returns the bytes between two places, nil where they cannot be read.
func (c *content) at(from, to int64) []byte {
	b := make([]byte, max(0, to-from))
	if c.seekTo(from) != nil {
		return nil
	}
	if _, err := io.ReadFull(c, b); err != nil {
		return nil
	}
	return b
}

// decoding is a stream about to be read.
type decoding struct {
	stream stream
	info   Info
	placed bool // the stream begins at the time asked for
	child  bool // it comes from ffmpeg
}

// begin finds out what c is and starts its decoder.
func begin(ctx context.Context, c *content, at time.Duration, opts Options) (decoding, error) {
	front, err := c.stripID3()
	if err != nil {
		return decoding{}, inputFault(c, "", err)
	}
	k, size, known := c.sniff()
	switch {
	case c.failure() != nil:
		return decoding{}, c.failure()
	case !known:
		return decoding{}, fault.New(fault.Unsupported, "This is not audio of any kind I know.")
	case k.what != "":
		return decoding{}, fault.Newf(k.fault(size), string(k.refuse), k.what)
	case k.refuse != "":
		return decoding{}, fault.New(k.fault(size), string(k.refuse))
	}
	d := decoding{info: Info{Format: k.name}}
	err = errElsewhere
	if k.open != nil {
		err = guard(k.name, func() (err error) {
			var info Info
			d.stream, info, err = k.open(c)
			if info.Format == "" {
				info.Format = k.name
			}
			d.info = info
			return err
		})
	}
	if front.Loudness.Known { // measured later than what an encoder says
		d.info.Loudness = front.Loudness
	}
	d.info.add(front)
	if err == nil {
		c.settle()
	}
	if errors.Is(err, errElsewhere) || errors.Is(err, mp4.ErrOrder) {
		err = d.elsewhere(ctx, c, k, at, opts, err)
	}
	if err != nil {
		return decoding{}, inputFault(c, d.info.Format, err)
	}
	d.info.Live = c.in.Live
	d.info.Seekable = c.seeker != nil
	if c.in.Live {
		d.info.Length = 0
	}
	return d, nil
}

// maxDropped is how far into the content ffmpeg's output is dropped up to the time
// asked for. That takes it a hundredth of the time and hits every sample; its own
// seeking is up to a second off in some formats.
const maxDropped = 10 * time.Minute

// sniff says what c is from as little of it as will do: a radio may take seconds to
// send more.
func (c *content) sniff() (k kind, size int, known bool) {
	for want := 4 << 10; ; want *= 4 {
		head := c.peek(want)
		ended, last := len(head) < want, want >= headBytes
		k, known = sniff(head, ended, ended || last)
		if known || ended || last {
			return k, len(head), known
		}
	}
}

// elsewhere leaves the content to ffmpeg.
func (d *decoding) elsewhere(ctx context.Context, c *content, k kind, at time.Duration, opts Options, why error) error {
	switch {
	case k.demuxer == "":
		return fault.Wrapf(fault.Unsupported, why, "%s files cannot be played.", fault.Term(d.info.Format))
	case opts.FFmpeg == nil:
		return fault.Wrapf(fault.Unsupported, why, "%s can only be played with ffmpeg, which is not set up here.", fault.Term(d.info.Format))
	}
	if err := c.rewind(); err != nil {
		return fmt.Errorf("hand %s to ffmpeg: %w", k.name, err)
	}
	c.settle()
	d.placed = at > maxDropped
	if !d.placed {
		at = 0
	}
	s, info, err := opts.FFmpeg.open(ctx, c, k, at)
	if err != nil {
		return err
	}
	if d.info.Length == 0 {
		d.info.Length = info.Length
	}
	d.info.add(tags.Tags{Title: info.Title, Artist: info.Artist, Album: info.Album, Place: info.Place, Loudness: info.Loudness})
	d.stream, d.child = s, true
	return nil
}

// fault is the kind of a refusal.
func (k kind) fault(size int) fault.Kind {
	if size == 0 || k.broken {
		return fault.Corrupt
	}
	return fault.Unsupported
}

// inputFault says what went wrong before the first sample: with the input, if its
// fault it was, and else with what it holds.
func inputFault(c *content, format string, err error) error {
	switch {
	case c.failure() != nil:
		return fmt.Errorf("read: %w", c.failure())
	case fault.KindOf(err) != fault.Internal:
		return err
	case format == "":
		return fault.Wrap(fault.Corrupt, "This file is damaged.", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrapf(fault.Corrupt, opaque(err), "This %s file is cut off before any sound.", fault.Term(format))
	}
	return fault.Wrapf(fault.Corrupt, err, "This %s file is damaged.", fault.Term(format))
}

// maxID3 is how much of a tag in front is read; pictures behind it are not seen.
const maxID3 = 4 << 20

// stripID3 reads the ID3v2 tags in front, whatever follows them.
func (c *content) stripID3() (t tags.Tags, err error) {
	for range 4 {
		size := tags.ID3Size(c.peek(tags.ID3HeaderBytes))
		if size == 0 {
			return t, nil
		}
		b, err := io.ReadAll(io.LimitReader(c, min(size, maxID3)))
		if err != nil {
			return t, err
		}
		t.Merge(tags.ParseID3v2(b))
		if left := size - int64(len(b)); left > 0 {
			if err := c.skip(left); err != nil {
				return t, err
			}
		}
		c.rebase()
	}
	return t, nil
}
