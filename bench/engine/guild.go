package engine

import (
	"context"
	"crypto/rand"
	"errors"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/player"
	"busker/voice/dave"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/rtp"
	"busker/voice/udp"
)

// channel is where all guilds play: they have one each.
const channel snowflake.ID = 1

var errLeft = errors.New("left")

// guild is a guild's way to the network, a player.Output.
type guild struct {
	engine  *Engine
	number  int
	line    *line.Line
	sealing *dave.Session
	stream  *udp.Stream
	left    chan struct{}
}

func newGuild(e *Engine, number int) *guild {
	g := &guild{engine: e, number: number, line: line.New(line.Options{})}
	g.sealing = e.spare[len(e.spare)-1]
	e.spare = e.spare[:len(e.spare)-1]
	return g
}

// Join implements player.Output: there is nobody to ask.
func (g *guild) Join(ctx context.Context, _ snowflake.ID) error {
	stream, err := g.engine.sockets.Open(ctx, g.engine.sinks.remote(g.number), deaf{})
	if err != nil {
		return err
	}
	key := make([]byte, rtp.KeyBytes)
	_, _ = rand.Read(key) // never fails
	sealer, err := rtp.NewSealer(rtp.AES256GCM, key)
	if err != nil {
		return err
	}
	g.stream, g.left = stream, make(chan struct{})
	g.line.SetLink(line.NewLink(line.LinkOptions{
		Socket: stream, SSRC: uint32(g.number + 1), Sealer: sealer, Frames: g.sealing, Ungated: true,
	}))
	g.engine.pacer.Add(g)
	return nil
}

// Leave implements player.Output.
func (g *guild) Leave(context.Context) error {
	if g.stream == nil {
		return nil
	}
	close(g.left)
	g.engine.pacer.Remove(g)
	g.line.SetLink(nil)
	g.line.Flush()
	g.stream.Close()
	g.stream = nil
	return nil
}

// Tick implements pace.Member.
func (g *guild) Tick(turn pace.Turn) {
	g.engine.watch.tick(turn)
	g.line.Tick(turn)
}

// Await implements player.Output.
func (g *guild) Await(ctx context.Context) (int, error) {
	room, err := g.line.Await(ctx, g.left)
	if errors.Is(err, line.ErrOver) {
		err = errLeft
	}
	return room, err
}

// Send implements player.Output.
func (g *guild) Send(p *audio.Packet) error { return g.line.Send(p) }

// Flush implements player.Output.
func (g *guild) Flush() int { return g.line.Flush() }

// Sent implements player.Output.
func (g *guild) Sent() uint64 { return g.line.Sent() }

// Abandon implements player.Output: nobody else plays for the guild.
func (g *guild) Abandon() {}

// Health implements player.Output.
func (g *guild) Health() player.Health { return player.Health{Connected: true, Encrypted: true} }

// deaf is a udp.Receiver that does not listen.
type deaf struct{}

func (deaf) Heard([]byte) {}
func (deaf) Refused()     {}
func (deaf) Lost(error)   {}
