package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"
)

const (
	// voicePort is one of those voice servers listen on; they tell theirs when asked.
	voicePort = "50001"
	// refusalPatience is how long a refusal may take to come back.
	refusalPatience = 500 * time.Millisecond
)

// udp looks whether datagrams leave this machine. Whether a voice server's answers come
// back cannot be seen without a voice connection, which needs a session.
func (d *doctor) udp(ctx context.Context, f *findings) {
	const do = "Let this machine send UDP to any address, ports 50000 to 65535, and let answers in: voice servers are everywhere."
	host := "discord.com"
	if api, err := url.Parse(d.Config.Discord.API); err == nil && api.Hostname() != "" {
		host = api.Hostname()
	}
	conn, err := d.Dial(ctx, "udp", net.JoinHostPort(host, voicePort))
	switch {
	case errors.As(err, new(*net.DNSError)):
		f.problem("Give this machine a name server that answers.", "The name %s cannot be resolved.", host)
		return
	case err != nil:
		f.problem(do, "A UDP socket cannot be opened: %s.", cause(err))
		return
	}
	defer conn.Close()
	to := conn.RemoteAddr().String()
	err = refused(conn)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED): // nobody listens there, and that came back
		f.ok("A datagram to %s went out, and word came back that nobody listens there. Whether voice servers' packets get in, only a voice connection shows.", to)
	case err != nil:
		f.problem(do, "A datagram to %s was refused on its way: %s.", to, cause(err))
	default:
		f.ok("A datagram to %s went out and nothing refused it. Whether it arrived, and whether voice servers' answers get in, only a voice connection shows.", to)
	}
}

// refused sends a datagram and returns what the machine or the way says to it; silence
// is no refusal.
func refused(conn net.Conn) error {
	if _, err := conn.Write(make([]byte, 8)); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(refusalPatience)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 64))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// cause is the innermost error, of several the last: the outer ones repeat addresses.
func cause(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // it unwraps by itself
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil {
				err = inner
				continue
			}
		case interface{ Unwrap() []error }:
			if inner := e.Unwrap(); len(inner) > 0 {
				err = inner[len(inner)-1]
				continue
			}
		}
		return err
	}
}

// skew is how far a clock is from ours.
type skew struct {
	whose             string
	offset, uncertain time.Duration // theirs minus ours
}

const (
	// skewWarns: when a shard goes to another machine, its music jumps by as much.
	skewWarns = 250 * time.Millisecond
	// skewBreaks: certificates and interactions' ages are judged by the clock.
	skewBreaks = 30 * time.Second
)

// clock compares this machine's with those it works with.
func (d *doctor) clock(ctx context.Context, f *findings) {
	var compared []string
	for _, ask := range []func(context.Context) (skew, bool){d.discordClock, d.storeClock, d.redisClock} {
		s, asked := ask(ctx)
		if !asked {
			continue // another check says what is wrong there
		}
		compared = append(compared, s.whose)
		certain := max(0, s.offset.Abs()-s.uncertain)
		const do = "Have chrony or systemd-timesyncd keep the time on all machines."
		says := fmt.Sprintf("This machine's clock is %s %s that of %s", round(s.offset.Abs()), side(s.offset), s.whose)
		switch {
		case certain >= skewBreaks:
			f.problem(do, "%s.", says)
		case certain >= skewWarns:
			f.warn(do, "%s: music that another machine takes over jumps by that.", says)
		}
	}
	switch {
	case len(compared) == 0:
		f.note("Not checked: there was nothing to compare it with.")
	case len(f.list) == 0:
		f.ok("Right, by the clock of %s.", list(compared))
	}
}

func side(offset time.Duration) string {
	if offset > 0 {
		return "behind"
	}
	return "ahead of"
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func list(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	text := names[0]
	for i, n := range names[1:] {
		if i == len(names)-2 {
			text += " and "
		} else {
			text += ", "
		}
		text += n
	}
	return text
}

// discordClock reads the Date of an answer, which is cut off to whole seconds.
func (d *doctor) discordClock(ctx context.Context) (skew, bool) {
	var answer any
	asked := d.Now()
	date, err := d.discord.get(ctx, "/gateway", &answer)
	took := d.Now().Sub(asked)
	if err != nil || date.IsZero() {
		return skew{}, false
	}
	const cutOff = time.Second / 2
	return skew{whose: "Discord", offset: date.Add(cutOff).Sub(asked.Add(took / 2)), uncertain: took/2 + cutOff}, true
}
