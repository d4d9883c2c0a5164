package encode

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/dca"
	"busker/sources/decode"
)

// input is what is encoded.
type input struct {
	reader audio.Reader
	info   decode.Info // zero for what cannot be looked at twice
	size   int64       // bytes, -1 unknown
}

func openInput(ctx context.Context, o Options) (*input, error) {
	opts := decode.Options{}
	if ffmpeg, err := decode.NewFFmpeg(decode.FFmpegOptions{}); err == nil {
		opts.FFmpeg = ffmpeg
	}
	source, size, err := open(o.Input)
	if err != nil {
		return nil, err
	}
	in := &input{size: size}
	if s, ok := source.(io.Seeker); ok {
		if in.info, err = decode.Probe(ctx, decode.Input{Reader: source, Size: size}, opts); err == nil {
			_, err = s.Seek(0, io.SeekStart)
		}
		if err != nil {
			return nil, errors.Join(err, source.Close())
		}
	}
	in.reader, err = decode.Open(ctx, decode.Input{Reader: source, Size: size}, o.Start, opts)
	return in, err
}

// open opens a file, or standard input: as one where it is one.
func open(path string) (io.ReadCloser, int64, error) {
	if path == Std {
		if info, err := os.Stdin.Stat(); err == nil && info.Mode().IsRegular() {
			return os.Stdin, info.Size(), nil
		}
		return struct{ io.ReadCloser }{os.Stdin}, -1, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, fault.Wrapf(fault.NotFound, err, "There is no file %s.", path)
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, errNoFile(path, info)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		err = fault.Wrapf(fault.Denied, err, "I may not read %s.", path)
	}
	return f, info.Size(), err
}

// left is how much there is to encode, 0 unknown.
func (in *input) left(start time.Duration) time.Duration { return max(0, in.info.Length-start) }

// metadata is the header of the file to be.
func (in *input) metadata(o *Options) dca.Metadata {
	m := dca.Metadata{
		DCA:    dca.Version{Tool: dca.Tool{Name: "busker", Version: o.Tool}},
		Opus:   dca.Opus{VBR: true},
		Info:   dca.Info{Title: in.info.Title, Artist: in.info.Artist, Album: in.info.Album, Comments: o.Comment},
		Origin: dca.Origin{Source: "file", Channels: audio.Channels, Encoding: in.info.Format},
	}
	if o.Input == Std {
		m.Origin.Source = "pipe"
	}
	if _, packets := in.reader.(audio.PacketReader); !packets || !o.asItIs() {
		bitrate := o.Bitrate
		if bitrate == 0 {
			bitrate = opus.DefaultBitrate
		}
		m.Opus.Bitrate = &bitrate
	}
	if seconds := in.info.Length.Seconds(); seconds > 0 && in.size > 0 {
		average := int(float64(in.size) * 8 / seconds)
		m.Origin.Bitrate = &average
	}
	if a := in.info.Artwork; a != nil && !o.NoCover && coverable(a.MIME) {
		cover := base64.StdEncoding.EncodeToString(a.Bytes)
		m.Info.Cover = &cover
	}
	return m
}

// loudness is that of the input's tags where it still holds.
func (in *input) loudness(o *Options, copied bool) *dca.Loudness {
	l := in.info.Loudness
	if !l.Known || o.Start > 0 || !copied && o.Settings != (dsp.Settings{}) {
		return nil
	}
	return &dca.Loudness{LUFS: l.LUFS, Peak: l.Peak}
}

// coverable are the kinds of pictures a DCA file takes.
func coverable(mime string) bool { return mime == "image/jpeg" || mime == "image/png" }
