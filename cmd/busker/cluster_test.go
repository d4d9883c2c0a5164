package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
	"busker/emulator"
	"busker/emulator/gateway"
	"busker/store/storetest"
)

// patience is how long anything may take on a busy machine.
const patience = time.Minute

// TestClusterScripts runs real processes of all roles on a real Redis and Postgres.
func TestClusterScripts(t *testing.T) {
	local := emulator.Start(t, emulator.Options{Gateway: gateway.Limits{MaxConcurrency: 16, IdentifyEvery: time.Millisecond}})
	bot := local.AddBot("Busker")
	for i := range 6 {
		local.AddGuild(fmt.Sprint("Stage ", i), bot)
	}
	server, database := redistest.Start(t), storetest.Postgres(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/cluster", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for name, value := range map[string]string{
				"API": local.URL(), "CA": local.CAFile(), "TOKEN": bot.Token, "POSTGRES": database, "REDIS": server.URL(),
				"HOME": e.WorkDir, "XDG_CACHE_HOME": filepath.Join(e.WorkDir, "cache"),
				"PORT1": freePort(t), "PORT2": freePort(t), "PORT3": freePort(t),
			} {
				e.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await,
			"dig":   func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(dig(t, server.URL())) },
		},
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// await carries a command out until it succeeds and says what it is to.
func await(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	pause := time.NewTicker(300 * time.Millisecond)
	defer pause.Stop()
	for end := time.Now().Add(patience); ; <-pause.C {
		err := ts.Exec(args[1], args[2:]...)
		said := ts.ReadFile("stdout")
		if err == nil && want.MatchString(said) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s: %v\n%s%s\nnever says %s", strings.Join(args[1:], " "), err, said, ts.ReadFile("stderr"), args[0])
		}
	}
}

// dig has a message die, and every one that is sent again, for as long as the test runs.
func dig(t *testing.T, url string) error {
	r, err := redis.Open(t.Context(), redis.Options{URL: redis.URL(url), Process: "digger"})
	if err != nil {
		return err
	}
	bus := r.Cluster().Bus
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- bus.Serve(ctx, "graves", cluster.Server{
			Consumer: "digger", Retries: 2,
			Handle: func(context.Context, cluster.Message) ([]byte, error) { return nil, errors.New("no shovel") },
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return bus.Send(t.Context(), "graves", cluster.Message{Kind: "skip", Key: "7", Body: []byte("bones")})
}

func TestMemberCalled(t *testing.T) {
	members := []cluster.Member{{ID: "gw-1.aaaaaa"}, {ID: "gw-2.bbbbbb"}, {ID: "gw-2.cccccc"}, {ID: "old"}}
	for _, tt := range []struct{ process, id, err string }{
		{"gw-1", "gw-1.aaaaaa", ""},
		{"gw-1.aaaaaa", "gw-1.aaaaaa", ""},
		{"gw-2.cccccc", "gw-2.cccccc", ""},
		{"old", "old", ""},
		{"gw-2", "", "2 processes are called \"gw-2\"; say which: gw-2.bbbbbb, gw-2.cccccc"},
		{"gw", "", "there is no process \"gw\"; there are: gw-1.aaaaaa, gw-2.bbbbbb, gw-2.cccccc, old"},
	} {
		id, err := memberCalled(tt.process, members)
		if id != tt.id || err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %q, %v", tt.process, id, err)
		}
	}
}
