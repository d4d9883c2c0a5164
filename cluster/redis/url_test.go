package redis_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"busker/cluster/redis"
	"busker/internal/fault"
)

func TestURLs(t *testing.T) {
	for _, tt := range []struct{ url, shown string }{ // "" = refused
		{"redis://localhost", "redis://localhost"},
		{"redis://localhost:6380/2", "redis://localhost:6380/2"},
		{"redis://user:secret@localhost:6380/2", "redis://…@localhost:6380/2"},
		{"redis://:sec%40ret/@localhost", ""},
		{"redis://:sec%40ret%2F@localhost", "redis://…@localhost"},
		{"redis://::1", "redis://::1"},
		{"redis://[::1]:6379", "redis://[::1]:6379"},
		{"rediss://:secret@host/0", "rediss://…@host/0"},
		{"redis+sentinel://:secret@a:1,b,c:3/main/4?sentinel_password=secret", "redis+sentinel://…@a:1,b,c:3/main/4"},
		{"rediss+sentinel://a/main", "rediss+sentinel://a/main"},
		{"redis+cluster://:secret@a:1,b:2", "redis+cluster://…@a:1,b:2"},
		{"rediss+cluster://a", "rediss+cluster://a"},
		{"", ""},
		{"secret", ""},
		{"http://secret@host", ""},
		{"redis://", ""},
		{"redis://a,b", ""},
		{"redis://host:port", ""},
		{"redis://host:0", ""},
		{"redis://host:65536", ""},
		{"redis://host/secret", ""},
		{"redis://host/-1", ""},
		{"redis://user:%zzsecret@host", ""},
		{"redis+sentinel://a:1", ""},
		{"redis+cluster://a:1/2", ""},
		{"redis+cluster://a:1,,b:2", ""},
	} {
		t.Run(tt.url, func(t *testing.T) {
			err := redis.URL(tt.url).Check()
			if (err == nil) != (tt.shown != "") {
				t.Fatalf("refused: %v", err)
			}
			if err != nil && (fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "secret")) {
				t.Fatalf("refused with %v", err)
			}
			if shown := redis.URL(tt.url).String(); err == nil && shown != tt.shown {
				t.Fatalf("shown as %s, want %s", shown, tt.shown)
			}
		})
	}
}

func TestNothingPrintsAPassword(t *testing.T) {
	opts := redis.Options{URL: "redis+sentinel://me:secret@a,b/main?sentinel_password=secret"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("options", "url", opts.URL, "all", opts)
	for _, text := range []string{fmt.Sprint(opts), fmt.Sprintf("%+v %#v %s %q", opts, opts, opts.URL, opts.URL), log.String()} {
		if strings.Contains(text, "secret") {
			t.Errorf("printed %s", text)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"redis://u:p@h:1/2", "redis+sentinel://a:1,b/m/3?sentinel_username=x", "redis+cluster://[::1]:1,b", "rediss://::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		_ = redis.URL("redis://user:secretsecret@" + url).String()
		err := redis.URL(url).Check()
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatal(err)
		}
		shown := redis.URL("redis://:secretsecret@" + url)
		if shown.Check() == nil && strings.Contains(shown.String(), "secretsecret") && !strings.Contains(url, "secretsecret") {
			t.Fatalf("shown as %s", shown)
		}
	})
}
