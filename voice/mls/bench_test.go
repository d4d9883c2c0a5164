package mls_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	"busker/voice/mls"
)

var sizes = []int{2, 20, 50, 99}

// filled is a call that has n members, of whom member 1 added all others.
func filled(tb testing.TB, n int) *call { return fill(newCall(tb), n) }

func fill(c *call, n int) *call {
	c.begin(1)
	for u := 2; u <= n; u++ {
		c.add(uint64(u))
	}
	if n > 1 {
		c.commit(1)
	}
	return c
}

func eachSize(b *testing.B, f func(b *testing.B, n int)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) { f(b, n) })
	}
}

// BenchmarkJoin enters a group of n by a Welcome.
func BenchmarkJoin(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		c := filled(b, n-1)
		c.add(1000)
		p := must(c.members[1].group.Commit(rand.Reader, c.cache))
		welcome := p.Welcome.Marshal()
		for b.Loop() {
			must(mls.JoinGroup(must(mls.ParseWelcome(welcome)), c.adds[1000].own))
		}
		b.ReportMetric(float64(len(welcome)), "welcome-B")
	})
}

// BenchmarkCommitAdds adds everybody but the first at once.
func BenchmarkCommitAdds(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		c := newCall(b)
		c.begin(1)
		for u := 2; u <= n; u++ {
			c.add(uint64(u))
		}
		for b.Loop() {
			p := must(c.members[1].group.Commit(rand.Reader, c.cache))
			p.Welcome.Marshal()
		}
	})
}

// BenchmarkVerifyAdd verifies one proposal to add somebody.
func BenchmarkVerifyAdd(b *testing.B) {
	c := filled(b, 2)
	m := c.newMember(3)
	message := must(mls.SignExternalProposal(c.sender, c.id, c.group().Epoch(), 0,
		mls.Proposal{Type: mls.ProposalAdd, Add: m.own.KeyPackage})).Marshal()
	for b.Loop() {
		received, _, _ := mls.ParsePublicMessage(message)
		must(c.group().VerifyProposal(received))
	}
}

// BenchmarkCommitRemove removes one member, with a path.
func BenchmarkCommitRemove(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		c := filled(b, n)
		c.remove(uint64(n))
		for b.Loop() {
			must(c.members[1].group.Commit(rand.Reader, c.cache))
		}
	})
}

// BenchmarkProcessRemove follows a commit with a path.
func BenchmarkProcessRemove(b *testing.B) {
	for _, n := range sizes[1:] {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := filled(b, n)
			c.remove(uint64(n))
			benchProcess(b, c)
		})
	}
}

// BenchmarkProcessAdd follows a commit without a path.
func BenchmarkProcessAdd(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		c := filled(b, n)
		c.add(1000)
		benchProcess(b, c)
	})
}

func benchProcess(b *testing.B, c *call) {
	message := must(c.members[1].group.Commit(rand.Reader, c.cache)).Message
	g := c.members[2].group
	for b.Loop() {
		received, _, _ := mls.ParsePublicMessage(message)
		must(g.Process(received, c.lookup))
	}
	b.ReportMetric(float64(len(message)), "commit-B")
}
