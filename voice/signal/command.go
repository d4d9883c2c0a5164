package signal

import (
	"context"
	"net/netip"

	"busker/internal/snowflake"
	"busker/voice/rtp"
)

// Identity is what the main gateway gave us for one voice session.
type Identity struct {
	Guild     snowflake.ID
	User      snowflake.ID
	SessionID string // of VOICE_STATE_UPDATE
	Token     string // of VOICE_SERVER_UPDATE; a secret
}

// Identify begins a session. maxDAVE is the newest version of DAVE we speak; Discord
// wants it present even when it is 0.
func (c *Conn) Identify(ctx context.Context, id Identity, maxDAVE int) error {
	return c.WriteText(ctx, OpIdentify, struct {
		Server    snowflake.ID `json:"server_id"`
		User      snowflake.ID `json:"user_id"`
		SessionID string       `json:"session_id"`
		Token     string       `json:"token"`
		MaxDAVE   int          `json:"max_dave_protocol_version"`
	}{id.Guild, id.User, id.SessionID, id.Token, maxDAVE})
}

// Resume continues a session on this socket, from the frame after Seq on.
func (c *Conn) Resume(ctx context.Context, id Identity) error {
	return c.WriteText(ctx, OpResume, struct {
		Server    snowflake.ID `json:"server_id"`
		SessionID string       `json:"session_id"`
		Token     string       `json:"token"`
		SeqAck    int64        `json:"seq_ack"`
	}{id.Guild, id.SessionID, id.Token, c.opts.Seq.Last()})
}

// Select tells the server where our media come from and how they are encrypted.
func (c *Conn) Select(ctx context.Context, external netip.AddrPort, mode rtp.Mode) error {
	type data struct {
		Address string   `json:"address"`
		Port    uint16   `json:"port"`
		Mode    rtp.Mode `json:"mode"`
	}
	type codec struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Priority    int    `json:"priority"`
		PayloadType int    `json:"payload_type"`
	}
	return c.WriteText(ctx, OpSelectProtocol, struct {
		Protocol string  `json:"protocol"`
		Data     data    `json:"data"`
		Codecs   []codec `json:"codecs"`
	}{
		Protocol: "udp",
		Data:     data{external.Addr().String(), external.Port(), mode},
		Codecs:   []codec{{"opus", "audio", 1000, rtp.PayloadType}},
	})
}

// Speaking says what kind of audio follows under ssrc. The first one must come
// before any audio.
func (c *Conn) Speaking(ctx context.Context, flags SpeakingFlags, ssrc uint32) error {
	return c.WriteText(ctx, OpSpeaking, struct {
		Speaking SpeakingFlags `json:"speaking"`
		Delay    int           `json:"delay"`
		SSRC     uint32        `json:"ssrc"`
	}{flags, 0, ssrc})
}
