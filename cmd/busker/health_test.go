package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"busker/cmd/busker/internal/config"
	"busker/internal/telemetry"
)

func TestHealth(t *testing.T) {
	tel, err := telemetry.New(telemetry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: tel.Handler()}}
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	ask := func(listen string, ready bool) string {
		t.Helper()
		c := healthCommand{Metrics: config.Metrics{Listen: listen}, Ready: ready}
		if err := c.Run(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	}
	for _, listen := range []string{":" + port, "0.0.0.0:" + port, "127.0.0.1:" + port, "[::]:" + port} {
		if got := ask(listen, false); got != "" {
			t.Errorf("%s: %s", listen, got)
		}
	}
	if got := ask(":"+port, true); got != "not ready" {
		t.Errorf("before it is ready: %q", got)
	}
	tel.SetReady(true)
	if got := ask(":"+port, true); got != "" {
		t.Errorf("ready: %q", got)
	}
	server.Close()
	if ask(":"+port, false) == "" {
		t.Error("nobody is there, and that is healthy")
	}
	for _, wrong := range []string{"", "9090"} {
		if ask(wrong, false) == "" {
			t.Errorf("%q is an address", wrong)
		}
	}
}
