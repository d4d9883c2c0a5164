package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"busker/cluster"
	"busker/cmd/busker/internal/config"
	"busker/internal/fault"
	"busker/internal/telemetry"
	"busker/store"
)

// storeCommand groups the commands about what the bot remembers.
type storeCommand struct {
	Export  storeExportCommand  `cmd:"" help:"Write a backup of everything. The bot may go on running."`
	Import  storeImportCommand  `cmd:"" help:"Restore a backup, also of the other kind of store. The bot must not run."`
	Migrate storeMigrateCommand `cmd:"" help:"Bring the store up to date with this version, as starting the bot does."`
}

// stored is embedded by the commands that only need the store.
type stored struct {
	ConfigFile string       `name:"config" short:"c" placeholder:"FILE" help:"Configuration file; busker.yaml in this folder is read when it is there."`
	Store      config.Store `embed:"" prefix:"store-" group:"store"`
}

// BeforeResolve is kong's hook.
func (s *stored) BeforeResolve(ctx *kong.Context) error {
	_, err := openConfig(ctx)
	return err
}

func (s *stored) open(ctx context.Context, o store.Options) (*store.Store, error) {
	address, err := s.Store.Address()
	if err != nil {
		return nil, usageError{err}
	}
	opened, err := store.Open(ctx, address, o)
	return opened, unreached(err)
}

// unreached says which part it is that cannot be reached: the parts' own words are for
// people in Discord.
func unreached(err error) error {
	switch {
	case errors.Is(err, cluster.ErrUnreachable):
		return fault.Wrap(fault.Unavailable, "Redis does not answer.", err)
	case fault.KindOf(err) == fault.Unavailable:
		return fault.Wrap(fault.Unavailable, "The store's database does not answer.", err)
	}
	return err
}

// openStore opens the store for the bot.
func openStore(ctx context.Context, c config.Store, tel *telemetry.Telemetry) (*store.Store, error) {
	address, err := c.Address()
	if err != nil {
		return nil, usageError{err}
	}
	opened, err := store.Open(ctx, address, store.Options{
		Alone:        true,
		KeepHistory:  config.Days(c.HistoryDays),
		KeepAudit:    config.Days(c.AuditDays),
		KeepDeparted: config.Days(c.DepartedDays),
		Logger:       tel.Logger().With("part", "store"),
		Metrics:      store.NewMetrics(tel.Registry()),
	})
	return opened, unreached(err)
}

type storeExportCommand struct {
	stored
	File string `arg:"" help:"Where to write; - is standard output. A file that is there is replaced once the backup is complete."`
}

// Run writes a backup.
func (c *storeExportCommand) Run(ctx context.Context) error {
	s, err := c.open(ctx, store.Options{Existing: true})
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	var rows int64
	backup := func(w io.Writer) error {
		rows, err = s.Backup(ctx, w)
		return err
	}
	if c.File == "-" {
		err = backup(os.Stdout)
	} else {
		err = replaceFile(c.File, backup)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d rows saved\n", rows)
	return nil
}

// replaceFile has write fill a new file, for its owner's eyes only, and puts it in the
// place of the named one when all of it is on the disk.
func replaceFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

type storeImportCommand struct {
	stored
	File    string `arg:"" help:"The backup; - is standard input."`
	Replace bool   `help:"Delete what the store holds. Without this it must be empty."`
}

// Run restores a backup.
func (c *storeImportCommand) Run(ctx context.Context) (err error) {
	in := os.Stdin
	if c.File != "-" {
		if in, err = os.Open(c.File); err != nil {
			return err
		}
		defer in.Close()
	}
	s, err := c.open(ctx, store.Options{Alone: true})
	if err != nil {
		return err
	}
	rows, err := s.Restore(ctx, in, store.RestoreOptions{Replace: c.Replace})
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d rows restored\n", rows)
	return nil
}

type storeMigrateCommand struct{ stored }

// Run brings the schema up to date.
func (c *storeMigrateCommand) Run(ctx context.Context) error {
	s, err := c.open(ctx, store.Options{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "%s, schema %d\n", s.Engine(), s.Schema())
	return errors.Join(err, s.Close())
}
