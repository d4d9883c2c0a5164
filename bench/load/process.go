package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is the bot under measurement.
type process struct {
	cmd     *exec.Cmd
	metrics string
	ended   chan struct{}
	err     error
}

func startBot(ctx context.Context, o options, t *town, m *music) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{metrics: "http://" + address + "/metrics", ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), o.binary, append([]string{"run"}, o.args...)...)
	p.cmd.Env = append(os.Environ(),
		"DISCORD_TOKEN="+t.bot.Token,
		"BUSKER_DISCORD_API="+t.local.URL(), "BUSKER_DISCORD_CA="+t.local.CAFile(),
		"BUSKER_MUSIC_DIR="+m.dir, "BUSKER_METRICS_LISTEN="+address,
		"BUSKER_STORE_URL=:memory:", "BUSKER_CACHE_MAX_BYTES=0", "BUSKER_WEB_ALLOW_PRIVATE=true", "BUSKER_LOG_LEVEL=error",
	)
	p.cmd.Stdout, p.cmd.Stderr = os.Stderr, os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// stop asks the bot to end, and waits for that.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return p.err
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("the bot did not stop")
	}
}

// usage is what the bot has used and counted so far.
type usage struct {
	at      time.Time
	cpu     time.Duration
	rss     int64 // bytes
	metrics map[string]float64
}

func (p *process) usage() (u usage, err error) {
	u.at = time.Now()
	if u.cpu, err = processCPU(p.cmd.Process.Pid); err != nil {
		return u, err
	}
	if u.rss, err = residentSet(p.cmd.Process.Pid); err != nil {
		return u, err
	}
	u.metrics, err = scrape(p.metrics)
	return u, err
}

// minus is what came since before; the memory is that of now.
func (u usage) minus(before usage) usage {
	d := usage{at: before.at, cpu: u.cpu - before.cpu, rss: u.rss, metrics: map[string]float64{}}
	for k, v := range u.metrics {
		d.metrics[k] = v - before.metrics[k]
	}
	return d
}

// processCPU reads user and system time from /proc, which counts in ticks of 10 ms.
func processCPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(b, []byte(") "))
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0, fmt.Errorf("read /proc/%d/stat: %d fields", pid, len(fields))
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, err
}

func residentSet(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", pid)
}

// scrape reads the bot's metrics: name and labels → value.
func scrape(url string) (map[string]float64, error) {
	response, err := http.Get(url) //nolint:gosec,noctx // our own process on this machine
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return parse(response.Body)
}

func parse(r io.Reader) (map[string]float64, error) {
	values := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "} ")
		if ok {
			name += "}"
		} else if name, value, ok = strings.Cut(lines.Text(), " "); !ok {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = v
		}
	}
	return values, lines.Err()
}
