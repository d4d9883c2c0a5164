package app_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"busker/cluster/redistest"
	"busker/emulator"
	"busker/emulator/voiceserver"
)

// machine is a network of its own, with a cable to this one that can be pulled: what is
// sent then is lost without a word, in both directions.
type machine struct {
	testing.TB
	name        string
	here, there string // addresses of both ends of the cable
}

// nowhere is an address of the cable that nobody has.
const nowhere = "02:00:00:00:00:01"

// newMachine connects a machine, where that is allowed.
func newMachine(t testing.TB) *machine {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil || os.Getuid() != 0 {
		t.Skip("another network takes root, and the program ip")
	}
	id := os.Getpid() % 16384
	m := &machine{TB: t, name: fmt.Sprintf("bk%d", id)}
	m.here, m.there = fmt.Sprintf("10.213.%d.%d", id/64, id%64*4+1), fmt.Sprintf("10.213.%d.%d", id/64, id%64*4+2)
	if out, err := exec.Command("ip", "netns", "add", m.name).CombinedOutput(); err != nil {
		t.Skipf("no other network is to be had: %s", out)
	}
	t.Cleanup(func() { m.ip("netns", "del", m.name) })
	m.ip("link", "add", m.near(), "type", "veth", "peer", "name", m.far(), "netns", m.name)
	m.ip("addr", "add", m.here+"/30", "dev", m.near())
	m.ip("link", "set", m.near(), "up")
	m.ip("-n", m.name, "addr", "add", m.there+"/30", "dev", m.far())
	m.ip("-n", m.name, "link", "set", m.far(), "up")
	m.ip("-n", m.name, "link", "set", "lo", "up")
	return m
}

func (m *machine) near() string { return m.name + "n" }
func (m *machine) far() string  { return m.name + "f" }

func (m *machine) ip(args ...string) {
	m.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		m.Fatalf("ip %v: %s", args, out)
	}
}

// pull pulls the cable.
func (m *machine) pull() {
	m.Helper()
	m.ip("neigh", "replace", m.there, "lladdr", nowhere, "dev", m.near(), "nud", "permanent")
	m.ip("-n", m.name, "neigh", "replace", m.here, "lladdr", nowhere, "dev", m.far(), "nud", "permanent")
}

// plug plugs it in again.
func (m *machine) plug() {
	m.Helper()
	m.ip("neigh", "del", m.there, "dev", m.near())
	m.ip("-n", m.name, "neigh", "del", m.here, "dev", m.far())
}

// TestALostMachineComesBack loses a machine from the network, Redis and Discord both, while
// the process on it goes on: others take over, and when it is back it acts on nothing that
// it had. Its way to Postgres stays, so that it may do what harm it can.
func TestALostMachineComesBack(t *testing.T) {
	long(t)
	t.Parallel()
	m := newMachine(t)
	s, lost := bandSize(), names[1]
	b := openBandOn(t, s, emulator.Options{
		Addr: m.here + ":0", Voice: voiceserver.Options{Address: m.here + ":0"}, Gateway: s.quickly(),
		Lenient: true, // of heartbeats that nobody hears
	}, func(o *orders) {
		shared := redistest.Start(t, "--bind", "127.0.0.1", m.here, "--protected-mode", "no")
		_, port, _ := strings.Cut(shared.Addr(), ":")
		o.Redis = shared.URL()
		o.Ways = map[string]string{lost: "redis://" + m.here + ":" + port}
		o.By = map[string][]string{lost: {"ip", "netns", "exec", m.name}}
	})
	b.assemble()
	b.play()
	for range *bandRounds {
		rooms := b.of(lost)
		stop := b.ask()
		pulled := time.Now()
		m.pull()
		_, after, off := b.heardSince(rooms, pulled, true)
		if left := *bandStopped - time.Since(pulled); left > 0 {
			<-time.After(left)
		}
		plugged := time.Now()
		m.plug()
		b.settled(s.processes)
		back := time.Since(plugged)
		b.until("it to give up what others have", func() bool {
			for _, r := range rooms {
				if b.owner(r.guild.ID) != lost && !b.members[lost].silent([]*room{r}) {
					return false
				}
			}
			return true
		})
		stop()
		quiet, _, _ := b.heardSince(b.rooms, plugged, false)
		told, _ := b.audit()
		t.Logf("%s lost for %v with %d playing: %s; %s; it takes part again %v after it was back; %s then; %d songs promised and there",
			lost, plugged.Sub(pulled).Round(time.Second), len(rooms), figure("heard again after", after), figure("position off by", off),
			back.Round(time.Millisecond), figure("silent for", quiet), told)
		if worst := worstOf(off); worst > worstOf(after)+2*time.Second { // it played on, for nobody
			t.Errorf("a guild went on %v from where it was", worst)
		}
	}
	b.fenced()
}
