package doctor

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"

	"busker/internal/fault"
	"busker/store"
)

const (
	// oldestPostgres is the oldest version the tests run with.
	oldestPostgres = 15
	// connsPerProcess is what a process takes of a server's connections at most.
	connsPerProcess = 10
	// littleSpace is when a disk is full soon, in bytes.
	littleSpace = 512 << 20
)

// inspected looks at the store.
func (d *doctor) inspected(ctx context.Context) (store.Inspection, error) {
	address, err := d.Config.Store.Address()
	if err != nil {
		return store.Inspection{}, err
	}
	return store.Inspect(ctx, address)
}

// store looks whether what the bot remembers can be read and written.
func (d *doctor) store(ctx context.Context, f *findings) {
	s, err := d.inspected(ctx)
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		f.problem("Start it, correct the address in DATABASE_URL or store.url, or let this machine connect there.", "The store's database does not answer: %s.", cause(err))
		return
	case err != nil:
		f.problem("Correct the address in DATABASE_URL or store.url, start the database, or restore a backup.", "%s (%s).", sentence(plain(err)), cause(err))
		return
	}
	if !s.Exists {
		d.newFile(f, s.Path)
		return
	}
	switch {
	case s.Schema > s.Newest:
		f.problem("Use the newer version, or restore a backup.", "A newer version of Busker has used the store: schema %d, and this one knows %d.", s.Schema, s.Newest)
	case s.Standby:
		f.problem("Use the address of the primary server.", "The database is a standby, where nothing can be written.")
	case s.ReadOnly != nil:
		f.problem("Give the user of the database, or of the file, the right to write and to make tables.", "Nothing can be written: %s (%s).", plain(s.ReadOnly), cause(s.ReadOnly))
	case s.Schema < s.Newest:
		f.note("The schema is %d; the start of the bot, or busker store migrate, brings it to %d.", s.Schema, s.Newest)
	}
	if s.Engine == "sqlite" {
		d.space(f, filepath.Dir(s.Path))
	} else {
		d.server(f, s)
	}
	if len(f.list) == 0 || f.list[0].State == Note {
		f.ok("%s %s, %s, schema %d, can be written.%s", title(s.Engine), s.Version, size(s.Size), s.Schema, unseen(s.Engine))
	}
}

func title(engine string) string {
	if engine == "sqlite" {
		return "SQLite"
	}
	return "Postgres"
}

// unseen is what cannot be seen from here.
func unseen(engine string) string {
	if engine == "sqlite" {
		return ""
	}
	return " The space on its disk cannot be seen from here."
}

// newFile looks at where the file will be made.
func (d *doctor) newFile(f *findings, path string) {
	if err := writable(filepath.Dir(path)); err != nil {
		f.problem("Let the user the bot runs as write there, or name another place by store.url.", "The store cannot be made at %s: %s.", path, reason(err))
		return
	}
	d.space(f, filepath.Dir(path))
	f.ok("There is none yet; the start of the bot makes %s.", path)
}

func (d *doctor) space(f *findings, dir string) {
	if free, known := d.FreeSpace(existing(dir)); known && free < littleSpace {
		f.warn("Free some space: a full disk loses what people do from then on.", "The disk of the store has %s left.", size(int64(free)))
	}
}

// server looks at what a Postgres server grants.
func (d *doctor) server(f *findings, s store.Inspection) {
	major, _, _ := strings.Cut(s.Version, ".")
	if n, err := strconv.Atoi(strings.Fields(major + " ")[0]); err == nil && n < oldestPostgres {
		f.warn("Update it.", "Postgres %s is older than what Busker is tested with (%d).", s.Version, oldestPostgres)
	}
	if left := s.MaxConnections - s.Connections; left < connsPerProcess {
		f.warn("Raise max_connections, or put fewer processes on it.", "%d of the server's %d connections are taken, and a process wants %d.", s.Connections, s.MaxConnections, connsPerProcess)
	}
}

func (d *doctor) storeClock(ctx context.Context) (skew, bool) {
	s, err := d.inspected(ctx)
	if err != nil || s.Engine != "postgres" {
		return skew{}, false
	}
	return skew{whose: "Postgres", offset: s.Offset, uncertain: s.Uncertain}, true
}
