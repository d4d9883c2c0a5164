package interop_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"busker/voice/mls"
	"busker/voice/signal"
)

// offer is an op 28 the service could take.
type offer struct {
	author  *seat
	commit  []byte
	welcome *mls.Welcome
	list    []*proposal // in the commit's order
}

// offers lists what the author sent that commits exactly those proposals.
func (s *service) offers(author *seat, leaf int, want []*proposal) (list []offer, refused []error) {
	s.t.Helper()
	commits := author.commits
	if _, them := author.peer.(*foreign); them && len(commits) > 1 {
		commits = commits[len(commits)-1:]
	}
	for _, payload := range commits {
		o, err := s.read(payload, leaf, want)
		if err != nil {
			refused = append(refused, fmt.Errorf("commit of %v: %w", author.user, err))
			continue
		}
		o.author = author
		list = append(list, o)
	}
	return list, refused
}

// read checks an op 28 as a voice server does, which sees no secrets.
func (s *service) read(payload []byte, leaf int, want []*proposal) (o offer, err error) {
	m, rest, err := mls.ParsePublicMessage(payload)
	if err != nil {
		return o, err
	}
	o.commit = payload[:len(payload)-len(rest)]
	c := m.Content
	if c.Commit == nil || c.Epoch != s.epoch || c.Sender.Type != mls.SenderMember || int(c.Sender.Leaf) != leaf {
		return o, fmt.Errorf("of leaf %d in epoch %d, want %d in %d", c.Sender.Leaf, c.Epoch, leaf, s.epoch)
	}
	for _, p := range c.Commit.Proposals {
		i := slices.IndexFunc(want, func(q *proposal) bool { return p.Inline == nil && q.ref == p.Ref })
		if i < 0 || slices.Contains(o.list, want[i]) {
			return o, errors.New("other proposals")
		}
		o.list = append(o.list, want[i])
	}
	if len(o.list) != len(want) {
		return o, fmt.Errorf("%d of %d proposals", len(o.list), len(want))
	}
	if c.Commit.Path == nil && slices.ContainsFunc(want, func(p *proposal) bool { return p.kind == mls.ProposalRemove }) {
		return o, errors.New("a Remove without a path")
	}
	return o, o.invite(rest)
}

// errNoWelcome is davey's known fault: it forgets the Welcome when its newest op 27
// held no Add. A service passes over such a commit and takes another's.
var errNoWelcome = errors.New("no Welcome for those added")

// invite reads the Welcome, which must have secrets for exactly those who are added.
func (o *offer) invite(welcome []byte) (err error) {
	adds := slices.DeleteFunc(slices.Clone(o.list), func(p *proposal) bool { return p.kind != mls.ProposalAdd })
	switch {
	case len(welcome) == 0 && len(adds) > 0:
		return errNoWelcome
	case len(welcome) == 0:
		return nil
	}
	if o.welcome, err = mls.ParseWelcome(welcome); err != nil {
		return err
	}
	if len(o.welcome.Secrets) != len(adds) {
		return fmt.Errorf("a Welcome for %d, want %d", len(o.welcome.Secrets), len(adds))
	}
	for _, p := range adds {
		if o.trimmed(p.who) == nil {
			return fmt.Errorf("the Welcome leaves out %v", p.who.user)
		}
	}
	return nil
}

// trimmed is the Welcome with only what one new member needs, nil when it has nothing
// for them.
func (o *offer) trimmed(who *seat) []byte {
	for _, secrets := range o.welcome.Secrets {
		if secrets.NewMember == who.own.Ref() {
			w := *o.welcome
			w.Secrets = []mls.EncryptedGroupSecrets{secrets}
			return w.Marshal()
		}
	}
	return nil
}

// found makes a group of those in the call, each of whom is alone in a group of epoch
// 0 and gets Adds of all the others. Pick chooses between those who commit.
func (s *service) found(pick func([]offer) offer) offer {
	s.t.Helper()
	s.epoch, s.tree, s.newest = 0, nil, 1
	adds := make(map[*seat]*proposal)
	for _, seat := range s.seats {
		adds[seat] = s.add(seat)
	}
	for _, seat := range s.seats {
		var vector []byte
		for _, other := range s.seats {
			if other != seat {
				vector = append(vector, adds[other].message...)
			}
		}
		seat.peer.tell(message{signal.OpMLSProposals, mls.AppendVector([]byte{0}, vector)})
	}
	s.flush()
	var list []offer
	for _, seat := range s.seats {
		var want []*proposal
		for _, other := range s.seats {
			if other != seat {
				want = append(want, adds[other])
			}
		}
		offers, refused := s.offers(seat, 0, want)
		if _, ok := seat.peer.(*watcher); !ok && len(offers) != 1 {
			s.t.Fatalf("%v does not found a group: %v", seat.user, refused)
		}
		list = append(list, offers...)
	}
	o := pick(list)
	s.tree, o.author.joined = []*seat{o.author}, 1
	s.announce(o, 0, nil)
	s.execute()
	return o
}

// choose takes one of the commits that hold all proposals, or with first those of
// the first op 27 only. Of davey's commits only the newest can win: it takes that for
// the one it is told of, whatever this says.
func (s *service) choose(pick func([]offer) offer, first bool) offer {
	s.t.Helper()
	want := s.inflight
	if first {
		want = slices.DeleteFunc(slices.Clone(want), func(p *proposal) bool { return p.batch != 1 })
	}
	var list []offer
	for _, seat := range s.members() {
		offers, refused := s.offers(seat, s.leafOf(seat), want)
		if slices.ContainsFunc(refused, func(err error) bool { return errors.Is(err, errNoWelcome) }) {
			s.forgotten++
		}
		_, product := seat.peer.(*ours)
		if product && len(offers) == 0 && !s.leaving(seat) {
			s.t.Fatalf("our %v made no commit of %d proposals: %v", seat.user, len(want), refused)
		}
		list = append(list, offers...)
	}
	if len(list) == 0 {
		s.t.Fatal("nobody commits")
	}
	return pick(list)
}

// leaving says whether somebody's Remove is in flight: they can not commit.
func (s *service) leaving(who *seat) bool {
	return slices.ContainsFunc(s.inflight, func(p *proposal) bool { return p.who == who && p.kind == mls.ProposalRemove })
}

// announce begins the offer's epoch: op 29 to those who were and stay in the group,
// op 30 to those who are new. Spoil may damage a message, which must lead to op 31.
// Proposals that the commit left out are void.
func (s *service) announce(o offer, id uint16, spoil func(who *seat, data []byte) bool) {
	s.t.Helper()
	was := s.members()
	s.apply(o)
	s.epoch++
	s.inflight, s.newest = nil, 0
	spoilt := make(map[*seat]bool) // or still to be added anew
	for _, seat := range s.tree {
		spoilt[seat] = seat != nil && seat.failed
	}
	tell := func(who *seat, op signal.Op, body []byte) {
		data := append(binary.BigEndian.AppendUint16(nil, id), body...)
		spoilt[who] = spoil != nil && spoil(who, data[2:])
		who.peer.tell(message{op, data})
		who.commits = nil
	}
	for _, seat := range was {
		if s.leafOf(seat) >= 0 && !o.adds(seat) {
			tell(seat, signal.OpMLSAnnounceCommit, o.commit)
		}
	}
	for _, p := range o.list {
		if p.kind == mls.ProposalAdd && !p.who.gone {
			p.who.failed, p.who.joined, p.who.keyed = false, s.epoch, 0
			tell(p.who, signal.OpMLSWelcome, o.trimmed(p.who))
		}
	}
	ready := s.flush()
	for _, seat := range s.tree {
		if seat == nil || seat.gone {
			continue
		}
		if seat.failed != spoilt[seat] {
			s.t.Fatalf("epoch %d: %v (%T) refused: %v, should: %v", s.epoch, seat.user, seat.peer, seat.failed, spoilt[seat])
		}
		if want := id != 0 && !seat.failed; slices.Contains(ready[seat], id) != want {
			s.t.Fatalf("epoch %d: %v is ready for %v, want %d: %v", s.epoch, seat.user, ready[seat], id, want)
		}
	}
	if id != 0 {
		s.open = append(s.open, id)
	}
}

func (o *offer) adds(who *seat) bool {
	return slices.ContainsFunc(o.list, func(p *proposal) bool { return p.who == who && p.kind == mls.ProposalAdd })
}

// apply does to the leaves what the commit does: it blanks, truncates, and fills from
// the left.
func (s *service) apply(o offer) {
	for _, p := range o.list {
		if p.kind == mls.ProposalRemove {
			s.tree[p.leaf] = nil
		}
	}
	for len(s.tree) > 0 && s.tree[len(s.tree)-1] == nil {
		s.tree = s.tree[:len(s.tree)-1] // halves, which comes to the same
	}
	for _, p := range o.list {
		if p.kind != mls.ProposalAdd {
			continue
		}
		if i := slices.Index(s.tree, nil); i >= 0 {
			s.tree[i] = p.who
		} else {
			s.tree = append(s.tree, p.who)
		}
	}
}

// next returns a new transition id. It is never 0, which means a beginning.
func (s *service) next() uint16 {
	if s.transition++; s.transition == 0 {
		s.transition = 1
	}
	return s.transition
}

// execute sends op 22 for all that is announced: from here on senders use the newest
// key.
func (s *service) execute() {
	s.t.Helper()
	for _, id := range s.open {
		for _, seat := range s.seats {
			seat.peer.tell(text(s.t, signal.OpDAVEExecuteTransition, transition{ID: id}))
		}
	}
	s.open = nil
	s.flush()
	for _, seat := range s.members() {
		seat.keyed = s.epoch
	}
}

// restart is what the last one in a call is told, whose group ends.
func (s *service) restart() {
	s.t.Helper()
	s.epoch, s.tree, s.open = 0, nil, nil
	for _, seat := range s.seats {
		seat.keyed, seat.failed, seat.commits = 0, false, nil
		seat.peer.tell(text(s.t, signal.OpDAVEPrepareEpoch, map[string]any{"protocol_version": 1, "epoch": 1}))
		seat.peer.tell(text(s.t, signal.OpDAVEPrepareTransition, transition{Version: 1}))
	}
	s.flush()
}
