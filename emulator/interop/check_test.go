package interop_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"busker/internal/snowflake"
	"busker/opus"
	"busker/voice/dave"
)

// check fails the test unless everybody in the group is in the same epoch with the
// same secrets, and sees the same people in the leaves where they are.
func (g *game) check() {
	g.t.Helper()
	authenticator := g.authenticator()
	privacy := digits(authenticator)
	var users []snowflake.ID
	for _, seat := range g.tree {
		if seat != nil {
			users = append(users, seat.user)
		}
	}
	slices.Sort(users)
	for leaf, seat := range g.tree {
		if seat == nil || seat.gone || seat.failed {
			continue
		}
		switch p := seat.peer.(type) {
		case *ours:
			s := p.session.Status()
			if !s.Established || s.Version != 1 || s.Epoch != g.epoch || s.PrivacyCode != privacy || !slices.Equal(s.Members, users) {
				g.t.Fatalf("epoch %d, privacy code %s, %d people: our %v is at\n%+v", g.epoch, privacy, len(users), seat.user, s)
			}
		case *foreign:
			g.davey.queue(call{Do: "status", As: seat.user}, func(s answer) {
				slices.Sort(s.Users)
				if s.Error != "" || s.Epoch != g.epoch || s.Leaf != leaf || !s.Ready || s.Code != privacy ||
					!bytes.Equal(s.Data, authenticator) || !slices.Equal(s.Users, users) {
					g.t.Fatalf("epoch %d, privacy code %s, %d people: davey as %v in leaf %d is at\n%+v", g.epoch, privacy, len(users), seat.user, leaf, s)
				}
			})
		}
	}
	g.davey.flush()
}

// authenticator is the epoch's as the watcher has it, which must agree on the leaves.
func (g *game) authenticator() []byte {
	g.t.Helper()
	w := g.watcher()
	if w.group.Epoch() != g.epoch {
		g.t.Fatalf("the watcher is in epoch %d, want %d", w.group.Epoch(), g.epoch)
	}
	leaves := make(map[int]snowflake.ID)
	for _, m := range w.group.Members() {
		leaves[int(m.Leaf)] = snowflake.ID(binary.BigEndian.Uint64(m.Identity))
	}
	for leaf, seat := range g.tree {
		if seat != nil && leaves[leaf] != seat.user || seat == nil && leaves[leaf] != 0 {
			g.t.Fatalf("epoch %d: the watcher sees %v in leaf %d", g.epoch, leaves[leaf], leaf)
		}
	}
	return w.group.EpochAuthenticator()
}

func (g *game) watcher() *watcher {
	for _, seat := range g.members() {
		if w, ok := seat.peer.(*watcher); ok {
			return w
		}
	}
	g.t.Fatal("nobody watches")
	return nil
}

// digits shows the privacy code of an epoch: of every five bytes the last five digits.
func digits(authenticator []byte) string {
	var b strings.Builder
	for group := range slices.Chunk(authenticator[:30], 5) {
		fmt.Fprintf(&b, "%05d", binary.BigEndian.Uint64(append(make([]byte, 3), group...))%100_000)
	}
	return b.String()
}

// talkers is how many say something at a time.
const talkers = 8

// talk lets some say something and a silence frame, and everybody else hear both:
// those who were there when the speaker's key began, and nobody who came after.
func (g *game) talk() {
	g.t.Helper()
	speakers := g.members()
	g.dice.Shuffle(len(speakers), func(i, j int) { speakers[i], speakers[j] = speakers[j], speakers[i] })
	g.letTalk(speakers[:min(talkers, len(speakers))])
}

// talkAll is talk of everybody.
func (g *game) talkAll() {
	g.t.Helper()
	g.letTalk(g.members())
}

func (g *game) letTalk(speakers []*seat) {
	g.t.Helper()
	for _, speaker := range speakers {
		if _, watches := speaker.peer.(*watcher); watches {
			continue
		}
		said := make([]byte, 1+g.dice.IntN(400))
		for i := range said {
			said[i] = byte(g.dice.Uint32())
		}
		key := g.keyOf(speaker)
		speaker.peer.seal(said, func(sealed []byte) {
			switch {
			case key == 0 && sealed != nil && !speaker.healed:
				g.t.Fatalf("epoch %d: %v has no key and seals", g.epoch, speaker.user)
			case key == 0:
				return
			case sealed == nil || bytes.Contains(sealed, said) && len(said) > 3:
				g.t.Fatalf("epoch %d: %v with the key of epoch %d sealed %x as %x", g.epoch, speaker.user, key, said, sealed)
			}
			g.sealed++
			g.hear(speaker, key, said, sealed)
		})
		if key != 0 {
			speaker.peer.seal([]byte(opus.SilenceFrame), func(sealed []byte) {
				g.silences++
				g.hear(speaker, key, []byte(opus.SilenceFrame), sealed)
			})
		}
	}
	g.davey.flush()
}

// keyOf is the epoch of the key somebody seals with, 0 for none: ours keep a key until
// op 22, davey takes the next when it takes the commit.
func (g *game) keyOf(speaker *seat) uint64 {
	if _, them := speaker.peer.(*foreign); them {
		return g.epoch
	}
	return speaker.keyed
}

func (g *game) hear(speaker *seat, key uint64, said, sealed []byte) {
	silence := string(said) == opus.SilenceFrame && bytes.Equal(said, sealed)
	for _, listener := range g.members() {
		if _, watches := listener.peer.(*watcher); watches || listener == speaker {
			continue
		}
		listener.peer.open(speaker.user, sealed, func(opened []byte, failure string) {
			switch {
			case listener.joined > key && !silence:
				if g.forbidden++; failure == "" && !listener.healed {
					g.t.Errorf("epoch %d: %v came with epoch %d and opens a frame of epoch %d", g.epoch, listener.user, listener.joined, key)
				}
			case !bytes.Equal(opened, said):
				g.t.Fatalf("epoch %d: %v opened %x of %v, sealed in epoch %d as %x, want %x: %s",
					g.epoch, listener.user, opened, speaker.user, key, sealed, said, failure)
			default:
				g.opened++
			}
		})
	}
}

// alone fails the test unless the last one in a call says nothing.
func (g *game) alone(last *seat) {
	g.t.Helper()
	us, ok := last.peer.(*ours)
	if !ok {
		return
	}
	if s := us.session.Status(); s.Established || s.Sending != dave.Nothing || s.PrivacyCode != "" {
		g.t.Fatalf("alone our session is at %+v", s)
	}
	last.peer.seal([]byte("a frame"), func(sealed []byte) {
		if sealed != nil {
			g.t.Fatalf("alone our session seals %x", sealed)
		}
	})
}

// verify compares the pairwise codes of one of ours and one of davey's, which each
// side computes for itself.
func (g *game) verify() {
	g.t.Helper()
	members := g.members()
	us := slices.IndexFunc(members, func(who *seat) bool { _, ok := who.peer.(*ours); return ok })
	them := slices.IndexFunc(members, func(who *seat) bool { _, ok := who.peer.(*foreign); return ok })
	if us < 0 || them < 0 {
		return
	}
	code := must[string](g.t)(members[us].peer.(*ours).session.PairwiseCode(members[them].user))
	theirs := g.davey.ask(call{Do: "verify", As: members[them].user, From: members[us].user})
	if code != theirs.Code || len(code) != 45 {
		g.t.Errorf("pairwise code %q, davey's %q", code, theirs.Code)
	}
}
