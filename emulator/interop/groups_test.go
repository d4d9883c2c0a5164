package interop_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"busker/emulator/interop"
	"busker/internal/snowflake"
	"busker/voice/mls"
)

var (
	epochs = flag.Int("epochs", 36, "epochs of every random group")
	seed   = flag.Uint64("seed", 1, "seed of the first random group; the others follow")

	everything = flag.Bool("everything", false, "run what takes minutes as well")
)

// TestGroupsWithDavey lets our sessions and davey's share groups that grow and shrink
// at random, commits made by both. In every epoch everybody must have come to the same
// keys, and hear everybody else. Other groups: -args -seed 100 -epochs 500.
func TestGroupsWithDavey(t *testing.T) {
	for i, most := range []int{4, 5, 6, 8, 10, 14, 20, 40} {
		number := *seed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d,most=%d", number, most), func(t *testing.T) {
			t.Parallel()
			g := newGame(t, number, most)
			begin := time.Now()
			for g.epochs < *epochs {
				g.round()
			}
			g.execute()
			g.talkAll()
			g.verify()
			t.Logf("%v; davey forgot %d Welcomes; it took %v", g.tally, g.forgotten, time.Since(begin).Round(time.Millisecond))
			if g.byUs == 0 || g.byThem == 0 || g.opened == 0 {
				t.Error("one side committed nothing, or nothing was heard")
			}
		})
	}
}

// game plays a random group. What it decides comes from the seed; the keys do not.
type game struct {
	*service
	dice   *rand.Rand
	most   int // people
	target int // people it is growing or shrinking to
	away   []*seat
	users  snowflake.ID // the newest
	tally
}

// tally counts what was played.
type tally struct {
	epochs, byUs, byThem, largest       int
	joined, returned, left, revoked     int
	races, firsts, disorders, early     int
	spoilt, restarts                    int
	sealed, opened, silences, forbidden int
}

func (t tally) String() string {
	return fmt.Sprintf("%d epochs (%d committed by us, %d by davey) of up to %d people; %d joined, %d of them again, %d left; "+
		"%d Adds revoked, %d races, %d of them won by the first commit, %d times an Add before its Remove, "+
		"%d times proposals before op 22, %d recovered after op 31, %d times one was left alone; "+
		"%d frames sealed, %d opened, %d silence frames, %d frames of before refused",
		t.epochs, t.byUs, t.byThem, t.largest, t.joined, t.returned, t.left,
		t.revoked, t.races, t.firsts, t.disorders, t.early, t.spoilt, t.restarts,
		t.sealed, t.opened, t.silences, t.forbidden)
}

func newGame(t *testing.T, seed uint64, most int) *game {
	t.Helper()
	g := &game{
		service: newService(t, newDavey(t, interop.Options{})),
		dice:    rand.New(rand.NewPCG(seed, 0)), most: most, target: most, users: 1000,
	}
	g.seatWatcher(g.user())
	g.seatOurs(g.user())
	g.seatForeign(g.user())
	g.begin()
	return g
}

func (g *game) user() snowflake.ID {
	g.users++
	return g.users<<40 | g.users // more than a JavaScript number holds
}

// chance is true in so many of a hundred cases.
func (g *game) chance(percent int) bool { return g.dice.IntN(100) < percent }

// begin forms the group of those present.
func (g *game) begin() {
	g.t.Helper()
	g.flush()
	o := g.found(g.pick)
	g.count(o)
	g.check()
	g.talk()
}

// round plays one epoch: who comes and goes is proposed in one op 27 or several, a
// commit is taken, announced and, mostly, executed.
func (g *game) round() {
	g.t.Helper()
	g.visit()
	ordered := g.proposeAll()
	whole := g.newest
	g.reconsider()
	if len(g.inflight) == 0 {
		return
	}
	first := ordered && whole > 1 && g.newest == whole && g.chance(40) && !g.onlyLeaving()
	if g.newest > 1 {
		g.races++
	}
	if first {
		g.firsts++
	}
	o := g.choose(g.pick, first)
	g.announce(o, g.next(), g.vandal(o))
	g.count(o)
	g.check()
	if g.chance(30) {
		g.talk() // while our senders still have the key before
	}
	if g.chance(15) {
		g.early++
		return // the next proposals come before op 22
	}
	g.execute()
	g.talk()
	if g.chance(4) {
		g.desert()
	}
}

// pick chooses the winner, one of davey's more often than there are of them: it fails
// to make some.
func (g *game) pick(list []offer) offer {
	theirs := slices.DeleteFunc(slices.Clone(list), func(o offer) bool { _, us := o.author.peer.(*ours); return us })
	if len(theirs) > 0 && g.chance(50) {
		list = theirs
	}
	return list[g.dice.IntN(len(list))]
}

func (g *game) count(o offer) {
	g.epochs++
	if _, us := o.author.peer.(*ours); us {
		g.byUs++
	} else {
		g.byThem++
	}
	g.largest = max(g.largest, len(g.members()))
}

// visit lets people come and go, at least one.
func (g *game) visit() {
	g.t.Helper()
	switch { // a full group shrinks: what is large takes long, and coming there is what counts
	case len(g.seats) >= g.most:
		g.target = 2 + g.dice.IntN(g.most/3)
	case g.largest >= g.most && g.chance(20):
		g.target = 2 + g.dice.IntN(g.most*2/3)
	}
	comes, goes := g.dice.IntN(2), g.dice.IntN(2)
	if distance := g.target - len(g.seats); distance > 0 {
		comes += g.dice.IntN(distance + 1)
	} else {
		goes += g.dice.IntN(1 - distance)
	}
	if comes+goes == 0 {
		comes = 1
	}
	for range goes {
		if who := g.leaver(); who != nil {
			g.depart(who)
		}
	}
	for range min(comes, g.most-len(g.seats)) {
		g.bring()
	}
	g.flush()
	if len(g.due()) == 0 {
		if who := g.leaver(); who != nil {
			g.depart(who)
		} else {
			g.bring()
		}
	}
	g.flush()
}

// bring lets somebody come: a new one, or one who was here before.
func (g *game) bring() {
	g.t.Helper()
	g.joined++
	if len(g.away) > 0 && g.chance(50) {
		g.returned++
		i := g.dice.IntN(len(g.away))
		who := g.away[i]
		g.away = slices.Delete(g.away, i, i+1)
		if _, us := who.peer.(*ours); us {
			g.seatOurs(who.user)
		} else {
			g.seatForeign(who.user)
		}
		return
	}
	if g.chance(50) {
		g.seatOurs(g.user())
	} else {
		g.seatForeign(g.user())
	}
}

// leaver picks who goes: often the one in the last leaf, never the watcher and never
// the last of ours in the group, on whom a commit with a Welcome depends.
func (g *game) leaver() *seat {
	var may []*seat
	for _, seat := range g.seats {
		_, watches := seat.peer.(*watcher)
		if !watches && (seat.failed || g.leafOf(seat) < 0 || !g.lastOfOurs(seat)) {
			may = append(may, seat)
		}
	}
	if len(may) == 0 || len(g.seats) <= 2 {
		return nil
	}
	if last := g.tree[len(g.tree)-1]; g.chance(30) && slices.Contains(may, last) {
		return last
	}
	return may[g.dice.IntN(len(may))]
}

func (g *game) lastOfOurs(who *seat) bool {
	for _, seat := range g.members() {
		if _, us := seat.peer.(*ours); us && seat != who {
			return false
		}
	}
	return true
}

func (g *game) depart(who *seat) {
	g.t.Helper()
	g.left++
	g.leave(who)
	g.away = append(g.away, who)
}

// due lists the proposals that make the group what the call is, a Remove right before
// the Add of the same user.
func (g *game) due() (list [][]*proposal) {
	g.t.Helper()
	for _, who := range g.seats {
		leaf := slices.IndexFunc(g.tree, func(old *seat) bool { return old != nil && old.user == who.user })
		switch {
		case leaf >= 0 && g.tree[leaf] == who && !who.failed:
		case leaf >= 0:
			list = append(list, []*proposal{g.remove(g.tree[leaf]), g.add(who)})
		default:
			list = append(list, []*proposal{g.add(who)})
		}
	}
	for _, old := range g.tree {
		if old != nil && old.gone && !slices.ContainsFunc(g.seats, func(who *seat) bool { return who.user == old.user }) {
			list = append(list, []*proposal{g.remove(old)})
		}
	}
	return list
}

// proposeAll sends what is due in up to three ops 27. It reports whether they can be
// committed one after the other; now and then an Add comes before its Remove instead.
func (g *game) proposeAll() (ordered bool) {
	g.t.Helper()
	list := g.due()
	g.dice.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	sizes := 1 + g.dice.IntN(min(3, len(list)))
	batches := make([][]*proposal, sizes, sizes+1)
	ordered = true
	var late []*proposal
	for i, group := range list {
		if len(group) == 2 && g.chance(30) {
			ordered = false
			g.disorders++
			late, group = append(late, group[0]), group[1:]
		}
		// The first of the batches get one each, so that none is empty.
		b := i
		if i >= len(batches) {
			b = g.dice.IntN(len(batches))
		}
		batches[b] = append(batches[b], group...)
	}
	for _, batch := range append(batches, late) {
		if batch == nil {
			continue
		}
		g.propose(batch...)
		g.flush()
	}
	return ordered
}

// reconsider lets somebody leave whose Add is in flight.
func (g *game) reconsider() {
	g.t.Helper()
	if !g.chance(20) {
		return
	}
	var adds []*proposal
	for _, p := range g.inflight {
		if p.kind == mls.ProposalAdd {
			adds = append(adds, p)
		}
	}
	if len(adds) == 0 {
		return
	}
	p := adds[g.dice.IntN(len(adds))]
	g.revoked++
	g.depart(p.who)
	g.revoke(p)
	g.flush()
}

// onlyLeaving says whether nobody of ours could have committed the first op 27.
func (g *game) onlyLeaving() bool {
	return !slices.ContainsFunc(g.members(), func(who *seat) bool {
		_, us := who.peer.(*ours)
		return us && !g.leaving(who)
	})
}

// vandal damages, now and then, what one of those gets who are told of a commit.
// Never the author, since davey looks no further than whose commit it is, never the
// last of ours, and nobody twice, for ours give up after three times in a minute.
func (g *game) vandal(o offer) func(*seat, []byte) bool {
	if !g.chance(12) {
		return nil
	}
	n := g.dice.IntN(len(g.seats))
	return func(who *seat, data []byte) bool {
		n--
		_, us := who.peer.(*ours)
		_, watches := who.peer.(*watcher)
		if n != -1 || watches || who.healed || who == o.author || us && g.lastOfOurs(who) {
			return false
		}
		g.spoilt++
		data[len(data)-1] ^= 1
		return true
	}
}

// desert lets all but one leave: the group ends, and others come.
func (g *game) desert() {
	g.t.Helper()
	for _, seat := range slices.Clone(g.seats) {
		if len(g.seats) > 1 {
			g.leave(seat)
		}
	}
	g.restarts++
	g.restart()
	g.alone(g.seats[0])
	g.seatWatcher(g.user())
	g.seatOurs(g.user())
	for range g.dice.IntN(3) {
		g.bring()
	}
	g.begin()
}
