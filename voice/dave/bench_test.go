package dave_test

import (
	"bytes"
	"fmt"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/signal"
)

// packetSizes are those of 20 ms of Opus, at 64, 128 and 160 kbit/s.
var packetSizes = []int{160, 320, 400}

func BenchmarkSealFrame(b *testing.B) {
	for _, size := range packetSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := dave.NewSession(dave.Options{User: alice})
			s.SealWith(base, 1)
			opus, buffer := make([]byte, size), make([]byte, 0, size+dave.Overhead)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.SealFrame(buffer, opus); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenFrame(b *testing.B) {
	for _, size := range packetSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			speaker, s := dave.NewSession(dave.Options{User: bob}), dave.NewSession(dave.Options{User: alice})
			speaker.SealWith(base, 1)
			s.OpenWith(bob, base)
			opus, sealed, opened := make([]byte, size), make([]byte, 0, size+dave.Overhead), make([]byte, 0, size)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				frame, _ := speaker.SealFrame(sealed, opus)
				b.StartTimer()
				if _, err := s.OpenFrame(opened, bob, frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// big makes a call of n members by one commit, and tells only those asked for.
func big(b *testing.B, n int, told ...snowflake.ID) (*call, announcement) {
	c := newCall(b)
	var users []snowflake.ID
	for i := range n {
		u := alice + snowflake.ID(i)
		users = append(users, u)
		m := c.session(u)
		c.members[u] = m
		m.describe(1)
		m.binary(signal.OpMLSExternalSender, c.external)
	}
	for _, u := range told {
		for _, other := range users {
			c.members[u].text(signal.OpClientsConnect, `{"user_ids":[%q]}`, other)
		}
	}
	var list []flying
	for _, u := range users[1:] {
		list = append(list, c.signAdd(u))
	}
	c.flight = list
	var messages []byte
	for _, p := range list {
		messages = append(messages, p.message...)
	}
	c.members[alice].binary(signal.OpMLSProposals, vector(0, messages))
	return c, c.choose(alice, 0, 0)
}

// BenchmarkJoin is op 30 at a joiner.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{2, 20, 50, 99} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				c, a := big(b, n, alice)
				last := alice + snowflake.ID(n-1)
				welcome := bytes.Clone(a.joiners[last])
				b.StartTimer()
				c.members[last].binary(signal.OpMLSWelcome, welcome)
				if !c.members[last].Status().Established {
					b.Fatal("not joined")
				}
			}
		})
	}
}

// BenchmarkCommit is what one more member, or one less, costs those who are in: op 27
// with the proposal, which they commit to, and op 29 with the commit of another.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{2, 20, 50, 99} {
		for _, kind := range []string{"add", "remove"} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) { benchmarkCommit(b, n, kind) })
		}
	}
}

func benchmarkCommit(b *testing.B, n int, kind string) {
	if n == 2 && kind == "remove" {
		n = 3
	}
	for b.Loop() {
		b.StopTimer()
		c, a := big(b, n, alice, bob)
		joiner := alice + snowflake.ID(n)
		m := c.session(joiner)
		m.describe(1)
		for _, u := range []snowflake.ID{alice, bob} {
			c.members[u].text(signal.OpClientsConnect, `{"user_ids":[%q]}`, joiner)
		}
		c.members[alice].binary(signal.OpMLSAnnounceCommit, a.commit)
		c.members[bob].binary(signal.OpMLSWelcome, a.joiners[bob])
		c.members[joiner] = m
		p := c.signRemove(alice + snowflake.ID(n-1))
		if kind == "add" {
			p = c.signAdd(joiner)
		}
		c.flight = []flying{p}
		proposals := vector(0, p.message)
		c.members[alice].binary(signal.OpMLSProposals, bytes.Clone(proposals))
		us := c.members[bob]
		b.StartTimer()
		us.binary(signal.OpMLSProposals, proposals)
		b.StopTimer()
		commit := c.choose(alice, 0, 1).commit
		b.StartTimer()
		us.binary(signal.OpMLSAnnounceCommit, commit)
		if us.Status().Epoch != 2 {
			b.Fatal("did not follow")
		}
	}
}
