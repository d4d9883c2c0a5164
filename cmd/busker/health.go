package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/config"
)

// healthCommand asks a running Busker how it is: for containers, which have no other
// program that could.
type healthCommand struct {
	ConfigFile string         `name:"config" short:"c" placeholder:"FILE" help:"Configuration file; busker.yaml in this folder is read when it is there."`
	Metrics    config.Metrics `embed:"" prefix:"metrics-" group:"metrics"`
	Ready      bool           `help:"Ask whether it wants work, and not only whether it answers."`
}

// BeforeResolve is kong's hook.
func (c *healthCommand) BeforeResolve(ctx *kong.Context) error {
	_, err := openConfig(ctx)
	return err
}

// healthPatience is how long a healthy process may take to answer.
const healthPatience = 2 * time.Second

var errNoListener = usageError{errors.New("there is no monitoring listener to ask. " +
	"Put its address, for example 127.0.0.1:9090, into BUSKER_METRICS_LISTEN, for the bot and for this command")}

// Run asks, and fails unless the answer is good.
func (c *healthCommand) Run(ctx context.Context) error {
	if c.Metrics.Listen == "" {
		return errNoListener
	}
	address, err := local(c.Metrics.Listen)
	if err != nil {
		return usageError{err}
	}
	path := "/healthz"
	if c.Ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 256))
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(text)))
	}
	return nil
}

// local is where this machine finds a listener of that address.
func local(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("metrics address %q: want HOST:PORT, as in 127.0.0.1:9090", listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}
