package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busker/audio"
	"busker/cmd/busker/internal/app"
	"busker/cmd/busker/internal/layers"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/listen"
	"busker/track"
)

// Session is one listening from the terminal: play something, hear it, say what
// was heard.
type Session struct {
	Options
	Play     string        // file, link or words of a file's name in the music folder
	Length   time.Duration // how much to hear
	Record   string        // file to write: Ogg/Opus, or WAV by its ending; "" = none
	Terminal bool          // Out is one: draw a progress bar
}

const (
	// startPatience is how long the first packet may take.
	startPatience = 30 * time.Second
	// endPatience is how long nothing must come for the music to be over.
	endPatience = 2 * time.Second
)

// ErrNothingHeard says that no sound came out.
var ErrNothingHeard = errors.New("nothing was heard")

// Headless runs one session. Its error says why nothing was heard.
func Headless(ctx context.Context, o Session) error {
	dir, query := musicFor(o.Music, o.Play)
	songs, err := openMusic(dir)
	if err != nil {
		return err
	}
	defer func() { _ = songs.close() }()
	kept, err := remember(ctx, o.Options)
	if err != nil {
		return err
	}
	defer func() { _ = kept.Close() }()
	s, a, err := open(o.Options, songs.dir, kept) //nolint:contextcheck // it binds ports and waits for nothing
	if err != nil {
		return err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	var result error
	err = layers.Run(ctx, o.Telemetry.Logger().With("part", "demo"),
		layers.Layer{Name: "local Discord", Run: s.emulator.Run, Share: 2 * time.Second},
		layers.Layer{Name: "bot", Run: a.Run, Share: app.StopWithin},
		layers.Layer{Name: "session", Run: func(ctx context.Context) error {
			result = o.hear(ctx, s, a, query)
			done()
			<-ctx.Done()
			return nil
		}, Share: time.Second},
	)
	return errors.Join(result, err)
}

// musicFor makes a file on the command line playable: its folder becomes the music
// folder unless it lies in that already.
func musicFor(folder, play string) (dir, query string) {
	if info, err := os.Stat(play); err != nil || !info.Mode().IsRegular() {
		return folder, play
	}
	path, err := filepath.Abs(play)
	if err != nil {
		return folder, play
	}
	if root, err := filepath.Abs(folder); err == nil && folder != "" {
		if inside, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(inside) {
			return folder, filepath.ToSlash(inside)
		}
	}
	return filepath.Dir(path), filepath.Base(path)
}

// hear plays query and listens.
func (o *Session) hear(ctx context.Context, s *street, a *app.App, query string) error {
	if err := s.bot.WaitCommands(ctx, s.guild, 1); err != nil {
		return fmt.Errorf("wait for the bot: %w", err)
	}
	listener, err := s.people[0].JoinVoice(s.voice[0])
	if err != nil {
		return fmt.Errorf("join the voice channel: %w", err)
	}
	feed := listener.Subscribe(earFrames)
	defer feed.Close()
	asked := time.Now()
	i, err := s.command(ctx, "play", emulator.Args{playOption: query})
	if err != nil {
		return fmt.Errorf("/play: %w", err)
	}
	answer, err := s.answer(ctx, i)
	if err != nil {
		return fmt.Errorf("/play: %w", err)
	}
	say(o.Out, "/play %s\n%s: %s\n", query, botName, plain(answer))
	if answer.Ephemeral() { // the answer says why
		if private(query) && !o.Tuning.Web.AllowPrivate {
			say(o.Out, "--web-allow-private lets links reach this machine and private networks.\n")
		}
		return ErrNothingHeard
	}
	if err := o.follow(ctx, feed); err != nil {
		return err
	}
	code, encrypted := a.PrivacyCode(s.guild.ID) // before the call is over
	if _, err := s.command(ctx, "stop", nil); err != nil {
		say(o.Out, "/stop: %v\n", err)
	}
	listener.Close()
	if err := o.conclude(ctx, a, listener, asked, query); err != nil {
		return err
	}
	if encrypted {
		say(o.Out, "encrypted    end to end; voice privacy code %s\n", code)
	}
	return nil
}

// private reports whether a link names an address that is not public.
func private(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip.IsLoopback() || ip.IsPrivate()
}

// follow shows the progress until enough was heard or the music is over.
func (o *Session) follow(ctx context.Context, feed *listen.Subscription) error {
	bar := newProgress(o.Out, o.Terminal, o.Length)
	defer bar.done()
	patience := time.NewTimer(startPatience)
	defer patience.Stop()
	for heard := time.Duration(0); heard < o.Length; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return nil
		case f, ok := <-feed.Frames():
			if !ok {
				return nil
			}
			patience.Reset(endPatience)
			heard += audio.SamplesDuration(int64(len(f.PCM) / audio.Channels))
			bar.set(heard)
		}
	}
	return nil
}

// conclude prints the figures and writes the recording.
func (o *Session) conclude(ctx context.Context, a *app.App, l *listen.Listener, asked time.Time, query string) error {
	report := l.Report()
	say(o.Out, "\n%s\n", report)
	if report.Packets <= report.SilenceFrames || report.Silence >= 1 {
		return ErrNothingHeard
	}
	say(o.Out, "start        %d ms from /play to the first packet\n", report.First.Sub(asked).Milliseconds())
	if similarity, err := compare(ctx, a, l, query); err == nil {
		say(o.Out, "similarity   %s\n", similarity)
	} else {
		say(o.Out, "similarity   not measured: %v\n", err)
	}
	if o.Record == "" {
		return nil
	}
	if err := save(o.Record, l.Recording()); err != nil {
		return err
	}
	say(o.Out, "recorded     %s\n", o.Record)
	return nil
}

// compare holds what was heard against the source decoded directly.
func compare(ctx context.Context, a *app.App, l *listen.Listener, query string) (listen.Similarity, error) {
	found, err := a.Sources().Resolve(ctx, track.Query{Text: query})
	if err != nil {
		return listen.Similarity{}, err
	}
	source, err := a.Sources().Open(ctx, found.Tracks[0], 0)
	if err != nil {
		return listen.Similarity{}, err
	}
	defer func() { _ = source.Close() }() // it was only read
	recording := l.Recording()
	return recording.Similarity(&limited{source, audio.Frames(recording.Length()) + 1})
}

// plain is a message as a line of text.
func plain(m discord.Message) string {
	var parts []string
	if m.Content != "" {
		parts = append(parts, m.Content)
	}
	m.Find(func(c discord.Component) bool {
		if c.Type == discord.TextDisplay {
			parts = append(parts, c.Content)
		}
		return false
	})
	return strings.NewReplacer("**", "", "### ", "", "-# ", "", "\n", " · ").Replace(strings.Join(parts, " · "))
}
