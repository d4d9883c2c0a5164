package gateway

import (
	"encoding/json"
	"sync"

	"busker/internal/snowflake"
)

// threads knows to which channels the threads belong that interactions come from; only
// they tell.
type threads struct {
	mu      sync.Mutex
	parents map[snowflake.ID]snowflake.ID
}

// maxThreads bounds memory. Each interaction tells anew, so that any may be forgotten.
const maxThreads = 10_000

// see reads where an interaction comes from.
func (t *threads) see(raw json.RawMessage) {
	var from struct {
		Channel struct {
			ID     string `json:"id"`
			Type   int    `json:"type"`
			Parent string `json:"parent_id"`
		} `json:"channel"`
	}
	const news, private = 10, 12 // Discord's numbers of the kinds of threads
	if json.Unmarshal(raw, &from) != nil || from.Channel.Type < news || from.Channel.Type > private {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.parents == nil {
		t.parents = map[snowflake.ID]snowflake.ID{}
	}
	for other := range t.parents {
		if len(t.parents) < maxThreads {
			break
		}
		delete(t.parents, other)
	}
	t.parents[id(from.Channel.ID)] = id(from.Channel.Parent)
}

// ThreadParent returns the channel to which a thread belongs that an interaction just came
// from, 0 for what is no thread.
func (g *Gateway) ThreadParent(channel snowflake.ID) snowflake.ID {
	g.threads.mu.Lock()
	defer g.threads.mu.Unlock()
	return g.threads.parents[channel]
}
