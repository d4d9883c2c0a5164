package gateway

import (
	"sync"

	"busker/internal/snowflake"
)

// twice tells what has come before: after a resume, and to two shards while their number
// changes, Discord tells of some things again.
type twice struct {
	mu       sync.Mutex
	new, old map[snowflake.ID]struct{}
}

// remembered is how many ids are remembered at least; as many again at most.
const remembered = 4096

// first reports whether id comes for the first time, as that of what has none does.
func (t *twice) first(id snowflake.ID) bool {
	if id == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.new == nil || len(t.new) >= remembered {
		t.new, t.old = make(map[snowflake.ID]struct{}), t.new
	}
	_, new := t.new[id]
	_, old := t.old[id]
	t.new[id] = struct{}{}
	return !new && !old
}
