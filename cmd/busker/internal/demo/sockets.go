package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

const (
	// statsEvery is how often a page gets fresh figures.
	statsEvery = 500 * time.Millisecond
	// breath is the least time between two snapshots: a burst of changes is one.
	breath = 30 * time.Millisecond
	// writeTimeout ends a connection whose browser does not read.
	writeTimeout = 5 * time.Second
)

// serveState sends snapshots and figures to one page.
func (p *page) serveState(w http.ResponseWriter, r *http.Request) {
	p.sockets.Add(1)
	defer p.sockets.Done()
	c, err := websocket.Accept(w, r, nil) // refuses other origins
	if err != nil {
		return
	}
	defer c.CloseNow()
	ctx := c.CloseRead(r.Context())
	rings, cancel := p.changes.listen()
	defer cancel()
	who, err := p.street.visitor(r.URL.Query().Get("as"))
	if err != nil {
		return
	}
	if err := p.sendState(ctx, c, who, rings); err != nil && ctx.Err() == nil {
		p.log.Debug("page gone", "err", err)
	}
}

func (p *page) sendState(ctx context.Context, c *websocket.Conn, who *visitor, rings <-chan struct{}) error {
	k := known{}
	tick := time.NewTicker(statsEvery)
	defer tick.Stop()
	pause := time.NewTimer(0) // the first snapshot goes at once
	defer pause.Stop()
	for {
		var update any
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rings:
			pause.Reset(breath)
			continue
		case <-pause.C:
			v, err := p.look(who, k)
			if err != nil {
				return err
			}
			update = v
		case <-tick.C:
			figures := p.heard(who)
			if figures == nil {
				continue
			}
			update = map[string]any{"stats": figures}
		}
		if err := send(ctx, c, update); err != nil {
			return err
		}
	}
}

func send(ctx context.Context, c *websocket.Conn, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.Write(ctx, websocket.MessageText, raw)
}

// serveAudio sends one page what the visitor hears, frame by frame.
func (p *page) serveAudio(w http.ResponseWriter, r *http.Request) {
	p.sockets.Add(1)
	defer p.sockets.Done()
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	ctx := c.CloseRead(r.Context())
	who, err := p.street.visitor(r.URL.Query().Get("as"))
	if err != nil {
		return
	}
	feed, cancel := who.ears.subscribe()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return
		case pcm := <-feed:
			if err := write(ctx, c, pcm); err != nil {
				return
			}
		}
	}
}

func write(ctx context.Context, c *websocket.Conn, pcm []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.Write(ctx, websocket.MessageBinary, pcm)
}
