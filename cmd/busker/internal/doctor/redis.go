package doctor

import (
	"context"
)

// redis looks at what the processes agree through.
func (d *doctor) redis(_ context.Context, f *findings) {
	if d.Config.Redis.URL == "" {
		f.note("Not used: one process is the whole bot.")
		return
	}
}

func (d *doctor) redisClock(context.Context) (skew, bool) { return skew{}, false }
