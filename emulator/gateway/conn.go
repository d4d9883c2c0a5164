package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// conn is one socket. It belongs to no session until it identified or resumed.
type conn struct {
	server *Server
	ws     *websocket.Conn
	now    atomic.Pointer[session]
	beats  chan struct{} // one token: a heartbeat came
	done   chan struct{} // closed when nothing of the conn runs any more

	closing atomic.Bool        // we end it: what the client answers is no goodbye
	cancel  context.CancelFunc // ends the conn; set before anybody else sees it
	pumps   sync.WaitGroup

	writing  sync.Mutex // keeps the order of the compressed stream and of close
	streamer *streamer
	compress atomic.Bool // identify's compress

	commands int // client commands in the current window
	window   time.Time
}

func newConn(s *Server, ws *websocket.Conn, compress string) *conn {
	c := &conn{server: s, ws: ws, beats: make(chan struct{}, 1), done: make(chan struct{}), streamer: newStreamer(compress)}
	ws.SetReadLimit(4 * maxPayload) // so that a little too much is answered with 4002
	return c
}

func (c *conn) stream() bool      { return c.streamer != nil }
func (c *conn) session() *session { return c.now.Load() }

// closure is an error that closes the socket with a code.
type closure struct {
	code   int
	reason string
}

func (e *closure) Error() string { return fmt.Sprintf("close %d: %s", e.code, e.reason) }

func refused(code int, reason string) error { return &closure{code, reason} }

// serve says hello and answers the client until either side ends it.
func (c *conn) serve(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	defer close(c.done)
	defer c.pumps.Wait()
	defer c.cancel()
	hello := map[string]any{"heartbeat_interval": c.server.opts.Limits.Heartbeat.Milliseconds(), "_trace": []string{}}
	if err := c.send(ctx, frame{Op: opHello, D: hello}); err != nil {
		return
	}
	c.pumps.Go(func() { c.watchBeats(ctx) })
	err := c.read(ctx)
	var asked *closure
	if errors.As(err, &asked) {
		c.server.log.Warn("socket closed on the client's fault", "code", asked.code, "reason", asked.reason)
		c.refuse(asked.code, asked.reason)
	}
	c.cancel()
	c.pumps.Wait()
	c.leave(websocket.CloseStatus(err))
	if c.streamer != nil {
		_ = c.streamer.z.Close() // into a buffer nobody reads: it ends what the encoder runs
	}
	_ = c.ws.CloseNow() // it is closed already, or the client is gone
}

// leave parts from the session: a client that says goodbye ends it, all others
// may resume.
func (c *conn) leave(code websocket.StatusCode) {
	one := c.session()
	if one == nil || !one.detach(c, time.Now()) {
		return
	}
	if !c.closing.Load() && (code == normalClosure || code == goingAway) {
		c.server.end(one)
		return
	}
	select {
	case c.server.lost <- struct{}{}:
	default:
	}
}

func (c *conn) read(ctx context.Context) error {
	for {
		_, data, err := c.ws.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.count(time.Now()); err != nil {
			return err
		}
		if len(data) > maxPayload {
			return refused(closeDecode, "payload too large")
		}
		var in incoming
		if err := json.Unmarshal(data, &in); err != nil || in.Op == nil {
			return refused(closeDecode, "Error while decoding payload")
		}
		if err := c.handle(ctx, *in.Op, in.D); err != nil {
			return err
		}
	}
}

// count enforces the limit of commands per minute.
func (c *conn) count(now time.Time) error {
	l := c.server.opts.Limits
	if now.Sub(c.window) >= l.CommandsPer {
		c.window, c.commands = now, 0
	}
	if c.commands++; c.commands > l.Commands {
		return refused(closeRateLimited, "You are being rate limited.")
	}
	return nil
}

func (c *conn) handle(ctx context.Context, op int, d json.RawMessage) error {
	switch op {
	case opHeartbeat:
		return c.beat(ctx)
	case opIdentify:
		return c.identify(ctx, d)
	case opResume:
		return c.resume(ctx, d)
	}
	one := c.session()
	if one == nil {
		return refused(closeNotIdentified, "Not authenticated")
	}
	switch op {
	case opPresence, opSoundboard:
		return nil
	case opChannelInfo:
		return c.channelInfo(one, d)
	case opVoiceState:
		return c.voice(one, d)
	case opRequestMembers:
		return c.members(one, d)
	}
	return refused(closeUnknownOp, "Unknown opcode")
}

func (c *conn) beat(ctx context.Context) error {
	select {
	case c.beats <- struct{}{}:
	default:
	}
	if one := c.session(); one != nil && c.server.muted(one.app.User.ID) {
		return nil
	}
	return c.send(ctx, frame{Op: opHeartbeatACK})
}

// watchBeats hangs up on a client that misses its heartbeat for two intervals.
func (c *conn) watchBeats(ctx context.Context) {
	patience := 2 * c.server.opts.Limits.Heartbeat
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.beats:
			timer.Reset(patience)
		case <-timer.C:
			c.server.log.Warn("no heartbeat")
			c.refuse(closeUnknown, "no heartbeat")
			c.cancel()
			return
		}
	}
}

// voice is op 4. Wishes that Discord ignores are ignored by whoever carries them out.
func (c *conn) voice(one *session, d json.RawMessage) error {
	var in struct {
		GuildID   *discord.ID `json:"guild_id"`
		ChannelID discord.ID  `json:"channel_id"`
		SelfMute  bool        `json:"self_mute"`
		SelfDeaf  bool        `json:"self_deaf"`
	}
	if err := json.Unmarshal(d, &in); err != nil || in.GuildID == nil {
		return refused(closeDecode, "Error while decoding payload")
	}
	if !one.serves(*in.GuildID) || c.server.opts.OnVoice == nil {
		return nil
	}
	c.server.opts.OnVoice(world.VoiceJoin{
		User: one.app.User.ID, Guild: *in.GuildID, Channel: in.ChannelID, SessionID: one.id,
		SelfMute: in.SelfMute, SelfDeaf: in.SelfDeaf,
	})
	return nil
}

// send writes one frame.
func (c *conn) send(ctx context.Context, f frame) error {
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.T, err)
	}
	return c.write(ctx, data)
}

func (c *conn) write(ctx context.Context, data []byte) (err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	kind := websocket.MessageText
	switch {
	case c.stream():
		kind = websocket.MessageBinary
		data, err = c.streamer.next(data)
	case c.compress.Load() && len(data) > compressAbove:
		kind = websocket.MessageBinary
		data, err = deflate(data)
	}
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return c.ws.Write(ctx, kind, data)
}

// refuse closes the socket with a code, and without a frame for code 0.
func (c *conn) refuse(code int, reason string) {
	c.closing.Store(true)
	if code == closeWithoutAnyFrame {
		_ = c.ws.CloseNow()
		return
	}
	// The client may already be gone: then there is nobody to tell.
	_ = c.ws.Close(websocket.StatusCode(code), reason)
}
