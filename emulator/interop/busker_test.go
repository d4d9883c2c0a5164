package interop_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net/http"
	"net/url"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/audio"
	"busker/emulator"
	"busker/gateway"
	"busker/opus"
	"busker/voice"
)

// TestDiscordJSHearsBusker lets the product's own gateway and voice connection
// play to a bot nobody here wrote, in the same channel.
func TestDiscordJSHearsBusker(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "restvoice.mjs")
	us := v.AddBot("busker")
	v.guild.Invite(us, 0)
	node.Send(map[string]any{"do": "join", "guild": v.guild.ID, "channel": v.voice.ID, "deaf": false})
	node.Event("joined", nil)

	conn := busker(t, v, us)
	if err := conn.Join(v.ctx, v.voice.ID); err != nil {
		t.Fatal(err)
	}
	// A receiver knows whose packets they are from op 5 on, which travels by
	// another way than they: begin with silence, so that nothing is missed.
	send(t, v.ctx, conn, []byte(opus.SilenceFrame))
	var speaker struct{ User string }
	node.Event("speaker", &speaker)
	if speaker.User != us.ID.String() {
		t.Fatalf("%s speaks, want %v", speaker.User, us.ID)
	}
	const packets, hertz = 100, 587.33
	node.Send(map[string]any{"do": "listen", "user": us.ID, "packets": packets})
	node.Event("listening", nil)
	for _, packet := range encoded(t, hertz, packets) {
		send(t, v.ctx, conn, packet)
	}
	var heard struct {
		Hertz, DBFS float64
		Packets     int
	}
	node.Event("heard", &heard)
	t.Logf("%+v", heard)
	if heard.Packets != packets || math.Abs(heard.Hertz-hertz) > 0.5 || math.Abs(heard.DBFS-(-9.03)) > 0.5 {
		t.Errorf("discord.js heard %d packets, %.2f Hz at %.2f dBFS; want %d, %.2f Hz at -9.03", heard.Packets, heard.Hertz, heard.DBFS, packets, hertz)
	}
	if err := conn.Leave(v.ctx); err != nil {
		t.Error(err)
	}
	if err := us.WaitVoice(v.ctx, v.guild, nil); err != nil {
		t.Error(err)
	}
}

// busker runs our gateway and voice connections as that bot until the test ends,
// and returns the connection of the venue's guild.
func busker(t *testing.T, v *venue, us *emulator.Bot) *voice.Conn {
	t.Helper()
	base, err := url.Parse(v.URL())
	if err != nil {
		t.Fatal(err)
	}
	var hub *voice.Hub
	shard, err := gateway.New(gateway.Options{
		Token: gateway.Token(us.Token), API: base, Transport: &http.Transport{DisableKeepAlives: true},
		OnVoiceState: func(s gateway.VoiceState) {
			if s.Self {
				hub.HandleState(voice.StateUpdate{Guild: s.Guild, Channel: s.Channel, User: s.User, SessionID: s.SessionID})
			}
		},
		OnVoiceServer: func(s gateway.VoiceServer) {
			hub.HandleServer(voice.ServerUpdate{Guild: s.Guild, Token: s.Token, Endpoint: s.Endpoint})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	hub = voice.NewHub(voice.HubOptions{
		Shard: shard, User: shard.UserID, TLS: &tls.Config{RootCAs: v.TLSRoots(), MinVersion: tls.VersionTLS12},
		Lookahead: 5 * time.Second, // all the test plays: a stalled test is no pause
	})
	ctx, cancel := context.WithCancel(context.Background())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return shard.Run(ctx) })
	group.Go(func() error { return hub.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("our bot ended with %v", err)
		}
	})
	if err := shard.WaitReady(v.ctx); err != nil {
		t.Fatal(err)
	}
	return hub.Conn(v.guild.ID)
}

// encoded returns Opus packets of a tone.
func encoded(t *testing.T, hertz float64, n int) (packets [][]byte) {
	t.Helper()
	for packet := range sine(t, hertz) {
		if packets = append(packets, bytes.Clone(packet)); len(packets) == n {
			break
		}
	}
	return packets
}

// send hands one Opus packet to the connection, which keeps the pace.
func send(t *testing.T, ctx context.Context, conn *voice.Conn, packet []byte) {
	t.Helper()
	if _, err := conn.Await(ctx); err != nil {
		t.Fatal(err)
	}
	p := audio.NewPacket()
	p.SetLen(copy(p.Buffer(), packet))
	if err := conn.Send(p); err != nil {
		t.Fatal(err)
	}
}
