package app

import (
	"context"
	"fmt"
	"strings"

	"busker/sources"
	"busker/sources/decode"
	"busker/sources/library"
	"busker/sources/web"
	"busker/track"
)

// sourceSet is where music comes from, and what must be closed with it.
type sourceSet struct {
	*sources.Set
	library *library.Library // nil without a music folder
	closers []func() error
	files   files // fetches links as they are
}

// Close gives folder and connections back.
func (s *sourceSet) Close() {
	for _, c := range s.closers {
		_ = c() // nothing is written there
	}
}

func openSources(opts Options, busy busyness) (*sourceSet, error) {
	log := opts.Telemetry.Logger()
	decoding := decode.Options{}
	if ffmpeg, err := decode.NewFFmpeg(decode.FFmpegOptions{}); err == nil {
		decoding.FFmpeg = ffmpeg
	} else {
		log.Info("no ffmpeg: only the formats decoded in process can be played", "err", err)
	}
	links := web.Options{
		AllowPrivate: opts.Tuning.Web.AllowPrivate,
		MaxRedirects: opts.Tuning.Web.MaxRedirects,
		MaxBytes:     opts.Tuning.Web.MaxBytes,
		Connect:      opts.Tuning.Web.Timeout,
		Header:       opts.Tuning.Web.Timeout,
		Decode:       decoding,
	}
	var all []sources.Source
	s := &sourceSet{}
	if opts.Discord.Uploads != "" {
		private := links
		private.AllowPrivate = true
		w := web.New(private)
		s.closers = append(s.closers, w.Close)
		all = append(all, uploads{w, opts.Discord.Uploads})
		s.files.uploads, s.files.prefix = w, opts.Discord.Uploads
	}
	w := web.New(links)
	s.files.links = w
	s.closers = append(s.closers, w.Close)
	all = append(all, w)
	if opts.MusicDir != "" {
		f, err := s.openMusic(opts, decoding, w.Resolve, busy)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("open the music folders: %w", err)
		}
		all = append(all, f)
	}
	s.Set = sources.NewSet(all...)
	return s, nil
}

// uploads plays files people uploaded to a Discord on a private address; only
// links that begin with its prefix are let through.
type uploads struct {
	*web.Source
	prefix string
}

// uploadsName is what tracks from there say of their source.
const uploadsName = "upload"

// Name returns "upload".
func (u uploads) Name() string { return uploadsName }

// Accepts takes links into the file store.
func (u uploads) Accepts(q track.Query) bool { return strings.HasPrefix(q.Text, u.prefix) }

// Resolve describes the upload.
func (u uploads) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	r, err := u.Source.Resolve(ctx, q)
	for i := range r.Tracks {
		r.Tracks[i].Source = uploadsName
	}
	return r, err
}
