package redistest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy is the network between one client and a server.
type Proxy struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// Proxy returns a new way to the server.
func (s *Server) Proxy() *Proxy {
	s.t.Helper()
	return NewProxy(s.t, s.Addr())
}

// NewProxy puts a network in front of any TCP address.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{t: t, proxy: toxiproxy.NewProxy(server, "proxy", address(freePort(t)), upstream)}
	if err := p.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.proxy.Stop)
	return p
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.proxy.Listen }

// URL is what clients open.
func (p *Proxy) URL() string { return "redis://" + p.Addr() }

// Cut closes all connections and refuses new ones.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Stall lets connections stand and nothing through, as a cable that was pulled does.
func (p *Proxy) Stall() {
	p.t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		p.toxic(`{"type":"timeout","name":"stall-` + stream + `","stream":"` + stream + `","attributes":{"timeout":0}}`)
	}
}

// Latency lets every answer arrive d later.
func (p *Proxy) Latency(d time.Duration) {
	p.t.Helper()
	p.toxic(`{"type":"latency","name":"latency","stream":"downstream","attributes":{"latency":` +
		strconv.FormatInt(d.Milliseconds(), 10) + `}}`)
}

// Heal undoes all of that. Connections that were stalled are closed.
func (p *Proxy) Heal() {
	p.t.Helper()
	p.proxy.Stop()
	p.proxy.Toxics.ResetToxics(p.t.Context())
	// A program that was started at this very moment may still hold the listener.
	Eventually(p.t, p.proxy.Start)
}

func (p *Proxy) toxic(json string) {
	p.t.Helper()
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(json)); err != nil {
		p.t.Fatal(err)
	}
}
