// Command shots takes the pictures of the demo that the documents show: it runs the
// demo, sits in front of its page with a browser, does what people do, and writes
// PNG files. What the bot does not offer is left out, and said.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/demo"
	"busker/internal/telemetry"
)

func main() {
	dir := flag.String("out", "docs/images", "folder of the pictures")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir); err != nil {
		stop()
		log.Print(err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// run takes all pictures.
func run(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, theme := range []theme{light, dark} {
		err := withDemo(ctx, func(ctx context.Context, address string) error { return session(ctx, address, theme, dir) })
		if err != nil {
			return fmt.Errorf("%s: %w", theme.name, err)
		}
	}
	return report(dir)
}

// withDemo runs a new demo, calls do with the page's address and ends the demo.
func withDemo(ctx context.Context, do func(ctx context.Context, address string) error) error {
	tel, err := telemetry.New(telemetry.Options{Level: "warn", Output: os.Stderr})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the pictures took too long"))
	defer cancel()
	opened, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, demo.Options{
			Listen: "127.0.0.1:0", Out: io.Discard, Telemetry: tel, Opened: func(a string) { opened <- a },
			Tuning: config.Tuning{Web: config.Web{Timeout: 2 * time.Second}},
		})
	}()
	select {
	case err := <-ended:
		return err
	case address := <-opened:
		err := do(ctx, address)
		cancel()
		return errors.Join(err, <-ended)
	}
}

// patience bounds all pictures of one theme.
const patience = 3 * time.Minute

// maxPicture keeps the documents light.
const maxPicture = 200 << 10

// report lists the pictures and refuses those that are too large.
func report(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var errs []error
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return err
		}
		log.Printf("%4d kB  %s", (info.Size()+1023)>>10, f)
		if info.Size() > maxPicture {
			errs = append(errs, fmt.Errorf("%s is larger than %d kB", f, maxPicture>>10))
		}
	}
	return errors.Join(errs...)
}
