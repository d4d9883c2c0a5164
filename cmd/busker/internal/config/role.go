package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"busker/internal/telemetry"
)

// Role is which part of a bot a process does.
type Role string

// The roles.
const (
	RoleAll     Role = "all"     // everything; with Redis, several processes share the shards
	RoleGateway Role = "gateway" // shards, commands, players and voice of their guilds
	RoleAPI     Role = "api"     // REST and the web page
	RoleWorker  Role = "worker"  // background jobs
	RoleNode    Role = "node"    // players for others, without a bot
)

// Serves reports whether the role opens gateway connections, which takes a bot's token.
func (r Role) Serves() bool { return r == RoleAll || r == RoleGateway }

// split reports whether the role is a part of a bot and nothing without the others.
func (r Role) split() bool { return r == RoleGateway || r == RoleAPI || r == RoleWorker }

// Redis is what many processes agree through.
type Redis struct {
	URL telemetry.Secret `env:"BUSKER_REDIS_URL,REDIS_URL" placeholder:"URL" help:"Redis 7 or newer, through which the processes of one bot agree: redis://:PASSWORD@HOST:PORT, rediss:// for TLS, redis+sentinel://HOST:PORT,HOST:PORT/MASTER or redis+cluster://HOST:PORT,HOST:PORT. Empty: one process is the whole bot."`
}

// Cluster is how this process takes part.
type Cluster struct {
	Namespace    string        `default:"busker" placeholder:"NAME" help:"What all keys in Redis begin with. Processes of one bot share it; two bots on one Redis must not."`
	Name         string        `placeholder:"NAME" help:"What this process is called by busker cluster status and drain. Empty takes the host's name."`
	LeaseTTL     time.Duration `name:"lease-ttl" default:"3s" placeholder:"TIME" help:"How long a process that has died keeps its shards from the others. Less takes over sooner, and gives shards away during shorter troubles of the network or of a busy machine."`
	DrainTimeout time.Duration `default:"10s" placeholder:"TIME" help:"How long a process that stops may take to hand its shards and players to others."`
}

// What a configuration of many processes must not be. Each says what to do.
const (
	textNoRedis = "the role %s needs Redis, through which the processes of one bot agree. " +
		"Put its address into REDIS_URL, or run everything in one process with the role all"
	textNoPostgres = "the role %s needs Postgres: processes on several machines cannot share a file. " +
		"Put its address into DATABASE_URL, or run everything in one process with the role all"
	textManyOnFile = "there is an address of Redis, which is for many processes, but the store is a SQLite file, which only one can use. " +
		"Put the address of a Postgres into DATABASE_URL, or leave Redis out"
)

// nameOf is what names in keys and topics are made of.
var nameOf = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// namespaceOf is what namespaces are made of.
var namespaceOf = regexp.MustCompile(`^[a-z0-9_-]{1,63}$`)

const (
	minLeaseTTL = time.Second // below it, a pause for garbage or a slow disk loses shards
	maxLeaseTTL = time.Minute // beyond it, Discord gives sessions up before anybody takes them over
)

// CheckRole refuses what cannot work together, with a sentence that says what to do.
func (c *Config) CheckRole() error {
	redis, postgres := c.Redis.URL != "", c.Store.shared()
	switch {
	case c.Role.split() && !redis:
		return fmt.Errorf(textNoRedis, c.Role)
	case c.Role.split() && !postgres:
		return fmt.Errorf(textNoPostgres, c.Role)
	case redis && !postgres && c.Role != RoleNode:
		return errors.New(textManyOnFile)
	}
	return c.Cluster.check()
}

func (c Cluster) check() error {
	switch {
	case !namespaceOf.MatchString(c.Namespace):
		return fmt.Errorf("the cluster's namespace %q: want lower-case letters, digits, dashes and underscores, 63 at most", c.Namespace)
	case c.Name != "" && !nameOf.MatchString(c.Name):
		return fmt.Errorf("the name of this process %q: want letters, digits, dots, dashes and underscores, 63 at most", c.Name)
	case c.LeaseTTL < minLeaseTTL || c.LeaseTTL > maxLeaseTTL:
		return fmt.Errorf("a lease of %s: want %s to %s", c.LeaseTTL, minLeaseTTL, maxLeaseTTL)
	case c.DrainTimeout <= 0:
		return fmt.Errorf("%s to hand shards over: want more than nothing", c.DrainTimeout)
	}
	return nil
}

// shared reports whether processes on several machines can use the store.
func (s Store) shared() bool {
	scheme, _, _ := strings.Cut(s.URL.Reveal(), ":")
	return scheme == "postgres" || scheme == "postgresql"
}
