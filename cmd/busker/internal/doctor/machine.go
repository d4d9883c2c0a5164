package doctor

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"busker/opus"
)

const (
	// ownFiles are descriptors a process has without playing: sockets of shards and
	// servers, the store, the library.
	ownFiles = 200
	// guildFiles are those of a guild that plays: the voice gateway's socket, the current
	// track and the next. UDP sockets are shared by hundreds.
	guildFiles = 3
	// fewFiles is what nothing larger than a trial should run with.
	fewFiles = 512
)

// files compares the limit of open files with what the bot's guilds may come to need.
func (d *doctor) files(_ context.Context, f *findings) {
	limit := d.OpenFiles()
	if limit == 0 || limit > math.MaxInt32 {
		f.ok("As many open files as it likes.")
		return
	}
	const do = "Raise the limit: LimitNOFILE=65536 in a systemd unit, ulimits.nofile for a container, ulimit -Hn in a shell."
	guilds := 0
	if d.Config.Discord.Token != "" {
		app, _ := d.discord.application() // without it only less is known
		guilds = app.Guilds
	}
	carries := max(0, int(limit)-ownFiles-d.Config.Discord.Shards) / guildFiles
	switch {
	case limit < fewFiles:
		f.problem(do, "The process may have %d files and sockets open, which is enough for %d servers that play.", limit, carries)
	case carries < guilds:
		f.warn(do, "The process may have %d files and sockets open: enough for %d servers that play, and the bot is in %d.", limit, carries, guilds)
	default:
		f.ok("%d open files and sockets, enough for %d servers that play.", limit, carries)
	}
}

// cores says what the machine can do.
func (d *doctor) cores(_ context.Context, f *findings) {
	n := d.Cores()
	if !slices.Contains(opus.Backends(), "libopus") {
		f.note("This build encodes in Go, which takes about twice the processor time of one with libopus.")
	}
	if n == 1 {
		f.warn("Give it two: one sends on time while the other encodes.", "One core: sound suffers whenever something else wants it.")
		return
	}
	f.ok("%d. How many streams they carry, busker bench measures.", n)
}

// folders looks at those files are read from and written to.
func (d *doctor) folders(_ context.Context, f *findings) {
	for _, dir := range d.Config.Music.Dir {
		d.music(f, dir)
	}
	if len(d.Config.Music.Dir) == 0 {
		f.note("There is no music folder: only links and uploads can be played.")
	}
	if d.Config.Cache.MaxBytes <= 0 {
		return
	}
	dir, err := d.Config.Cache.Folder()
	if err != nil {
		f.warn("Name a folder by cache.dir, or set cache.max_bytes to 0.", "There is no folder for encoded tracks: %s.", plain(err))
		return
	}
	d.cache(f, dir)
}

func (d *doctor) music(f *findings, dir string) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.problem("Correct music.dir, or make the folder. In a container it must be mounted.", "The music folder %s is not there.", dir)
	case err != nil:
		f.problem("Let the user the bot runs as read it.", "The music folder %s cannot be read: %s.", dir, reason(err))
	case len(entries) == 0:
		f.warn("Put music there, or correct music.dir.", "The music folder %s is empty.", dir)
	default:
		f.ok("Music is read from %s.", dir)
	}
}

func (d *doctor) cache(f *findings, dir string) {
	if err := writable(dir); err != nil {
		f.problem("Let the user the bot runs as write there, name another folder by cache.dir, or set cache.max_bytes to 0.",
			"Encoded tracks cannot be kept in %s: %s.", dir, reason(err))
		return
	}
	free, known := d.FreeSpace(existing(dir))
	if want := d.Config.Cache.MaxBytes; known && free < uint64(want) {
		f.warn("Free some space, or lower cache.max_bytes.", "The disk of %s has %s left, and encoded tracks may take %s.", dir, size(int64(min(free, math.MaxInt64))), size(want))
		return
	}
	f.ok("Encoded tracks are kept in %s.", dir)
}

// writable makes a file in the folder, or where the folder would be made, and takes it away.
func writable(dir string) error {
	file, err := os.CreateTemp(existing(dir), ".busker-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// existing is the folder, or the nearest above it that is there.
func existing(dir string) string {
	for {
		above := filepath.Dir(dir)
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || above == dir {
			return dir
		}
		dir = above
	}
}

// reason is the last part of a file system's error.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// ffmpeg looks for the program.
func (d *doctor) ffmpeg(ctx context.Context, f *findings) {
	const without = "Opus, Vorbis, MP3, FLAC, WAV, AAC and MP4 are decoded without it; other formats need it."
	path, err := d.LookPath("ffmpeg")
	if err != nil {
		f.note("Not found. %s", without)
		return
	}
	version, err := firstLine(ctx, path, "-version")
	if err != nil {
		f.warn("Install it anew, or take it out of the PATH. "+without, "%s is there and does not run: %s.", path, plain(err))
		return
	}
	f.ok("%s (%s). %s", version, path, without)
}

// ytdlp looks for the program, which may be needed one day.
func (d *doctor) ytdlp(ctx context.Context, f *findings) {
	path, err := d.LookPath("yt-dlp")
	if err != nil {
		f.note("Not found. Nothing in this version needs it: it would be for links to pages with videos.")
		return
	}
	version, err := firstLine(ctx, path, "--version")
	if err != nil {
		f.note("%s is there and does not run (%s). Nothing in this version needs it.", path, plain(err))
		return
	}
	f.note("Version %s (%s). Nothing in this version needs it.", version, path)
}

func firstLine(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(out), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("it says nothing")
	}
	if words := strings.Fields(line); len(words) > 3 { // "ffmpeg version 5.1.6-0+deb12u1 Copyright …"
		line = strings.Join(words[:3], " ")
	}
	return line, nil
}
