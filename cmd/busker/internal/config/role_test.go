package config_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"busker/cluster"
	"busker/cmd/busker/internal/config"
)

func parse(t *testing.T, args ...string) (*config.Config, error) {
	t.Helper()
	var c config.Config
	parser, err := kong.New(&c, kong.ExplicitGroups(config.Groups()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return &c, err
}

func TestRoles(t *testing.T) {
	const (
		redis    = "--redis-url=redis://h"
		postgres = "--store-url=postgres://h/d"
	)
	for _, tt := range []struct {
		name string
		args string
		want string // part of the complaint; "" = none
	}{
		{"alone", "", ""},
		{"alone with Postgres", postgres, ""},
		{"many", redis + " " + postgres, ""},
		{"many, the other scheme", redis + " --store-url=postgresql://h/d", ""},
		{"gateway", "--role=gateway " + redis + " " + postgres, ""},
		{"api", "--role=api " + redis + " " + postgres, ""},
		{"worker", "--role=worker " + redis + " " + postgres, ""},
		{"node", "--role=node --discord-token=t", ""},
		{"gateway without Redis", "--role=gateway " + postgres, "the role gateway needs Redis"},
		{"api without Redis", "--role=api " + postgres, "the role api needs Redis"},
		{"worker without anything", "--role=worker", "the role worker needs Redis"},
		{"gateway without Postgres", "--role=gateway " + redis, "the role gateway needs Postgres"},
		{"gateway on a file", "--role=gateway --store-url=postgres.db " + redis, "the role gateway needs Postgres"},
		{"many on a file", redis, "the store is a SQLite file"},
		{"namespace", "--cluster-namespace={b}", "namespace \"{b}\": want lower-case letters"},
		{"name", "--cluster-name=a/b", "name of this process \"a/b\": want letters"},
		{"lease", "--cluster-lease-ttl=100ms", "a lease of 100ms: want 1s to 1m0s"},
		{"drain", "--cluster-drain-timeout=0s", "0s to hand shards over"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := parse(t, strings.Fields(tt.args)...)
			if err != nil {
				t.Fatal(err)
			}
			err = c.CheckRole()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	if _, err := parse(t, "--role=everything"); err == nil {
		t.Error("a role of that name is taken")
	}
}

func TestMember(t *testing.T) {
	valid := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	one, other := config.Cluster{}.Member(), config.Cluster{}.Member()
	if one == other || !valid.MatchString(one) || !valid.MatchString(other) {
		t.Errorf("%q, %q", one, other)
	}
	named := config.Cluster{Name: "gw-1", LeaseTTL: time.Second}
	one, other = named.Member(), named.Member()
	if one == other || cluster.NameOf(one) != "gw-1" || cluster.NameOf(other) != "gw-1" {
		t.Errorf("two processes under one name are %q and %q", one, other)
	}
}
