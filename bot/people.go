package bot

import (
	"sync"

	"busker/internal/snowflake"
)

// people are those who are doing something that everybody may do once at a time. The zero
// value is nobody.
type people struct {
	mu sync.Mutex
	in map[snowflake.ID]bool
}

// enter adds a person until leave is called; ok is false when they are among them already.
func (p *people) enter(who snowflake.ID) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in[who] {
		return nil, false
	}
	if p.in == nil {
		p.in = map[snowflake.ID]bool{}
	}
	p.in[who] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.in, who)
	}, true
}
