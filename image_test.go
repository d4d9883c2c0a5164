package busker_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// composition is what is looked at of compose.yaml.
type composition struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Environment map[string]string
		EnvFile     string         `yaml:"env_file"`
		DependsOn   map[string]any `yaml:"depends_on"`
		Healthcheck struct{ Test any }
		Grace       string `yaml:"stop_grace_period"`
		ReadOnly    bool   `yaml:"read_only"`
		Volumes     []string
	}
	Volumes map[string]any
}

// longestStop is what a process may take: eleven seconds to hand everything over, nineteen
// to end the rest (app.StopWithin).
const longestStop = 30 * time.Second

// TestCompose holds compose.yaml to what docs/cluster.md demands. What Docker makes of it
// is not tested: there is none here.
func TestCompose(t *testing.T) {
	raw, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c composition
	// A key beside "<<" replaces the merged one, which this reader calls a duplicate.
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.AllowDuplicateMapKey()).Decode(&c); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	names := map[string]bool{}
	for _, name := range []string{"gateway-1", "gateway-2"} {
		g, there := c.Services[name]
		if !there {
			t.Fatalf("there is no %s", name)
		}
		names[g.Environment["BUSKER_CLUSTER_NAME"]] = true
		if g.Environment["BUSKER_ROLE"] != "gateway" || g.Environment["REDIS_URL"] == "" || g.Environment["DATABASE_URL"] == "" {
			t.Errorf("%s: %v", name, g.Environment)
		}
		if grace, err := time.ParseDuration(g.Grace); err != nil || grace <= longestStop {
			t.Errorf("%s has %s to stop (%v), and may take %s", name, g.Grace, err, longestStop)
		}
		if g.Healthcheck.Test == nil || len(g.DependsOn) != 2 || g.EnvFile != ".env" || !g.ReadOnly {
			t.Errorf("%s: health check %v, after %v, secrets from %q, read only %v", name, g.Healthcheck, g.DependsOn, g.EnvFile, g.ReadOnly)
		}
	}
	if len(names) != 2 {
		t.Errorf("processes called %v", names)
	}
	redis := strings.Join(c.Services["redis"].Command, " ")
	for _, want := range []string{"--appendonly yes", "--maxmemory-policy noeviction", "--requirepass"} {
		if !strings.Contains(redis, want) {
			t.Errorf("Redis without %s", want)
		}
	}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, known := c.Volumes[from]; !known && !strings.HasPrefix(from, "$") {
				t.Errorf("%s mounts %s, which is no volume", name, from)
			}
		}
	}
	secrets(t, string(raw))
}

// secrets looks that what compose.yaml demands is in the example, and empty there.
func secrets(t *testing.T, compose string) {
	t.Helper()
	example, err := os.ReadFile(".env.example")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(example), "\n")
	for _, name := range []string{"DISCORD_TOKEN", "POSTGRES_PASSWORD", "REDIS_PASSWORD"} {
		if !slices.Contains(lines, name+"=") {
			t.Errorf(".env.example has no empty %s", name)
		}
		if name != "DISCORD_TOKEN" && !strings.Contains(compose, "${"+name+":?") {
			t.Errorf("compose.yaml starts without %s", name)
		}
	}
	for file, want := range map[string]string{".gitignore": "/.env", ".dockerignore": ".env"} {
		if raw, err := os.ReadFile(file); err != nil || !slices.Contains(strings.Split(string(raw), "\n"), want) {
			t.Errorf("%s lets secrets in (%v)", file, err)
		}
	}
}

// TestDockerfile holds the image to what docs/docker.md says of it.
func TestDockerfile(t *testing.T) {
	raw, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(string(raw), "FROM ${BASE}")
	for _, want := range []string{"\nUSER 10001:10001\n", "\nHEALTHCHECK ", `ENTRYPOINT ["/usr/local/bin/busker"]`, "org.opencontainers.image.version"} {
		if !strings.Contains(last, want) {
			t.Errorf("the image is without %q", strings.TrimSpace(want))
		}
	}
	if strings.Contains(last, "\nRUN ") {
		t.Error("something is run in the image, which has no shell")
	}
	for _, want := range []string{"ARG BUILD_BASE=", "ARG BASE=", "--platform=$BUILDPLATFORM", "ARG TARGETARCH"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the build is without %q", want)
		}
	}
}
