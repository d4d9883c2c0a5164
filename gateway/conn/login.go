package conn

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"time"
)

// login waits for Hello, identifies or resumes, and waits for the session.
func (l *link) login(ctx context.Context) {
	timer := time.NewTimer(l.c.opts.Timeout)
	defer timer.Stop()
	select {
	case <-l.greeted:
	case <-timer.C:
		l.end(errNoHello)
		return
	case <-ctx.Done():
		return
	}
	if err := l.introduce(ctx); err != nil {
		l.end(err)
		return
	}
	for {
		timer.Reset(l.c.opts.Timeout)
		select {
		case <-l.up:
			return
		case <-l.moved: // a long replay is no silence
		case <-timer.C:
			l.end(errNoReady)
			return
		case <-ctx.Done():
			return
		}
	}
}

type resume struct {
	Token   string `json:"token"`
	Session string `json:"session_id"`
	Seq     int64  `json:"seq"`
}

type identify struct {
	Token      string            `json:"token"`
	Properties map[string]string `json:"properties"`
	Shard      [2]int            `json:"shard"`
	Intents    int               `json:"intents"`
}

// introduce sends op 6 or, once that is permitted, op 2.
func (l *link) introduce(ctx context.Context) error {
	o := l.c.opts
	if s := l.resuming; s.ID != "" {
		l.c.log.Info("resuming", "seq", s.Seq)
		l.pace.take()
		return l.writeOp(ctx, opResume, resume{string(o.Token), s.ID, s.Seq})
	}
	if o.Permit != nil {
		if err := o.Permit(ctx); ctx.Err() != nil {
			return context.Cause(ctx)
		} else if err != nil {
			return refusal{fmt.Errorf("wait to identify: %w", err)}
		}
	}
	l.c.metrics.identifies.Inc()
	l.c.log.Info("identifying")
	l.pace.take()
	return l.writeOp(ctx, opIdentify, identify{
		Token: string(o.Token), Shard: [2]int{o.Shard, o.Shards}, Intents: o.Intents,
		Properties: map[string]string{"os": runtime.GOOS, "browser": "Busker", "device": "Busker"},
	})
}

// resumeURL is where a session says to resume; "" when it says nothing of use.
func resumeURL(says string) string {
	address, err := url.Parse(says)
	if err != nil || address.Host == "" || address.Scheme != "ws" && address.Scheme != "wss" {
		return ""
	}
	return says
}
