package redis

import (
	"context"
	_ "embed"

	"github.com/redis/go-redis/v9"
)

// script is a Lua script: what runs in it happens at once, by the server's clock.
type script struct {
	name   string // for metrics
	source string
	sha    string
	// once scripts are not sent a second time when the answer was lost, since they
	// would do it again.
	once bool
	// vital scripts have connections of their own.
	vital bool
}

func newScript(name, source string) script {
	return script{name: name, source: source, sha: redis.NewScript(source).Hash()}
}

// first returns the script as one that does not wait for others.
func (s script) first() script {
	s.vital = true
	return s
}

// unrepeated returns the script as one that is sent once at most.
func (s script) unrepeated() script {
	s.once = true
	return s
}

// spare lets a script run when the server's memory is full: it needs next to none, and
// those who own something can keep it and give it up.
const spare = "#!lua flags=allow-oom\n"

var (
	//go:embed scripts/lease.lua
	lease string
	//go:embed scripts/acquire.lua
	acquireLua string
	//go:embed scripts/renew.lua
	renewLua string
	//go:embed scripts/release.lua
	releaseLua string
	//go:embed scripts/transfer.lua
	transferLua string
	//go:embed scripts/note.lua
	noteLua string
	//go:embed scripts/list.lua
	listLua string
	//go:embed scripts/announce.lua
	announceLua string
	//go:embed scripts/members.lua
	membersLua string
	//go:embed scripts/take.lua
	takeLua string
	//go:embed scripts/swap.lua
	swapLua string
	//go:embed scripts/put.lua
	putLua string
)

var (
	acquireScript  = newScript("acquire", lease+acquireLua).first()
	renewScript    = newScript("renew", spare+lease+renewLua).first()
	releaseScript  = newScript("release", spare+lease+releaseLua).first()
	transferScript = newScript("transfer", spare+lease+transferLua).first()
	noteScript     = newScript("note", spare+lease+noteLua).first()
	listScript     = newScript("list", spare+lease+listLua).first()
	announceScript = newScript("announce", spare+announceLua).first()
	membersScript  = newScript("members", spare+membersLua).first()
	takeScript     = newScript("take", takeLua).unrepeated()
	swapScript     = newScript("swap", swapLua).unrepeated()
	putScript      = newScript("put", putLua)
)

// run runs a script on the server that keeps the keys, which are of one slot.
func (r *Redis) run(ctx context.Context, s script, keys []string, args ...any) (any, error) {
	ctx = named(ctx, s.name)
	answer, err := r.eval(ctx, s, "evalsha", s.sha, keys, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		answer, err = r.eval(ctx, s, "eval", s.source, keys, args)
	}
	return answer, unreachable(ctx, s.name, err)
}

func (r *Redis) eval(ctx context.Context, s script, name, text string, keys []string, args []any) (any, error) {
	cmd := command(ctx, name, text, keys, args)
	c := r.rdb
	if s.vital {
		c = r.vital
	}
	var err error
	if s.once {
		err = c.Process(ctx, unrepeated{cmd})
	} else {
		err = c.Process(ctx, cmd)
	}
	return cmd.Val(), err
}

// command returns EVAL or EVALSHA of a script.
func command(ctx context.Context, name, script string, keys []string, args []any) *redis.Cmd {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, name, script, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	cmd := redis.NewCmd(ctx, append(words, args...)...)
	cmd.SetFirstKeyPos(3)
	return cmd
}

// unrepeated is a command that is sent once at most.
type unrepeated struct{ *redis.Cmd }

// NoRetry tells go-redis not to repeat it.
func (unrepeated) NoRetry() bool { return true }
