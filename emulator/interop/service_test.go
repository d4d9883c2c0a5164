package interop_test

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// service is the voice server's half of a group, written for this test alone: it
// keeps the leaves, proposes, takes one commit an epoch and announces it. It is
// stricter than Discord: who errs fails the test.
type service struct {
	t       *testing.T
	davey   *davey
	sign    *mls.SignatureKey // the external sender's
	keys    map[snowflake.ID]*mls.SignatureKey
	channel snowflake.ID

	epoch      uint64
	tree       []*seat // by leaf; nil is blank
	seats      []*seat // who is in the call
	inflight   []*proposal
	newest     int      // number of the newest op 27 of this epoch, from 1
	transition uint16   // the newest id
	open       []uint16 // ids announced and not executed
	forgotten  int      // commits of davey without the Welcome they need
}

// seat is a member of the call.
type seat struct {
	user    snowflake.ID
	peer    peer
	own     *mls.KeyPackage // the newest op 26
	commits [][]byte        // its ops 28 of this epoch: one per op 27
	gone    bool            // it left; its leaf may still be there
	failed  bool            // it sent op 31 and must be added anew
	healed  bool            // it was; until op 22 it may still use keys from before
	joined  uint64          // the epoch it came in with
	keyed   uint64          // the epoch of the key it seals with, 0 for none
}

// proposal is on its way in this epoch.
type proposal struct {
	who     *seat
	kind    mls.ProposalType
	leaf    mls.LeafIndex // of a Remove
	ref     mls.ProposalRef
	message []byte
	batch   int // number of the op 27
}

func newService(t *testing.T, d *davey) *service {
	t.Helper()
	return &service{
		t: t, davey: d, channel: 145439, keys: make(map[snowflake.ID]*mls.SignatureKey),
		sign: must[*mls.SignatureKey](t)(mls.NewSignatureKey(rand.Reader)), transition: 65520,
	}
}

// groupID is the channel as MLS sees it.
func (s *service) groupID() []byte { return binary.BigEndian.AppendUint64(nil, uint64(s.channel)) }

// seatOurs lets one of our sessions arrive, with the signature key its user always has.
func (s *service) seatOurs(user snowflake.ID) *seat {
	return s.arrive(user, &ours{t: s.t, session: dave.NewSession(dave.Options{
		User: user, Channel: func() snowflake.ID { return s.channel }, Key: s.key(user), Logger: slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})})
}

func (s *service) seatForeign(user snowflake.ID) *seat {
	return s.arrive(user, &foreign{user: user, channel: s.channel, davey: s.davey})
}

func (s *service) seatWatcher(user snowflake.ID) *seat {
	return s.arrive(user, &watcher{
		t: s.t, key: s.key(user), identity: binary.BigEndian.AppendUint64(nil, uint64(user)),
		proposals: make(map[mls.ProposalRef]mls.Proposal),
	})
}

func (s *service) key(user snowflake.ID) *mls.SignatureKey {
	if s.keys[user] == nil {
		s.keys[user] = must[*mls.SignatureKey](s.t)(mls.NewSignatureKey(rand.Reader))
	}
	return s.keys[user]
}

// arrive lets a client connect: it gets the description, the others and the external
// sender, and answers with its key package.
func (s *service) arrive(user snowflake.ID, p peer) *seat {
	s.t.Helper()
	seat := &seat{user: user, peer: p}
	p.tell(text(s.t, signal.OpSessionDescription, map[string]any{"mode": "x", "secret_key": []int{}, "dave_protocol_version": 1}))
	others := []snowflake.ID{}
	for _, other := range s.seats {
		others = append(others, other.user)
		other.peer.tell(text(s.t, signal.OpClientsConnect, map[string]any{"user_ids": []snowflake.ID{user}}))
	}
	p.tell(text(s.t, signal.OpClientsConnect, map[string]any{"user_ids": others}))
	sender := mls.ExternalSender{SignatureKey: s.sign.Public(), Credential: mls.Credential{Identity: []byte{0}}}
	p.tell(message{signal.OpMLSExternalSender, sender.Marshal()})
	s.seats = append(s.seats, seat)
	return seat
}

// leave takes somebody out of the call; their leaf needs a Remove.
func (s *service) leave(who *seat) {
	s.t.Helper()
	who.gone = true
	s.seats = slices.DeleteFunc(s.seats, func(other *seat) bool { return other == who })
	for _, other := range s.seats {
		other.peer.tell(text(s.t, signal.OpClientDisconnect, map[string]any{"user_id": who.user}))
	}
}

// flush lets davey work and takes what everybody sent: key packages and commits. It
// returns how many transitions each said to be ready for.
func (s *service) flush() (ready map[*seat][]uint16) {
	s.t.Helper()
	s.davey.flush()
	ready = make(map[*seat][]uint16)
	for _, seat := range s.seats {
		for _, m := range seat.peer.take() {
			switch m.op {
			case signal.OpMLSKeyPackage:
				seat.own = must[*mls.KeyPackage](s.t)(mls.ParseKeyPackage(m.data))
				if err := seat.own.Validate(); err != nil {
					s.t.Fatalf("key package of %v: %v", seat.user, err)
				}
			case signal.OpMLSCommitWelcome:
				seat.commits = append(seat.commits, m.data)
			case signal.OpDAVETransitionReady:
				ready[seat] = append(ready[seat], s.id(m))
			case signal.OpMLSInvalidCommit:
				seat.failed, seat.healed, seat.own = true, true, nil // a key package follows
			default:
				s.t.Fatalf("%v sent op %d", seat.user, m.op)
			}
		}
	}
	return ready
}

func (s *service) id(m message) uint16 {
	s.t.Helper()
	var d transition
	if err := json.Unmarshal(m.data, &d); err != nil {
		s.t.Fatal(err)
	}
	return d.ID
}

// leafOf returns where somebody is in the tree, -1 for nowhere.
func (s *service) leafOf(who *seat) int { return slices.Index(s.tree, who) }

// members are those in the group who can speak and listen, in the order of leaves.
func (s *service) members() (in []*seat) {
	for _, seat := range s.tree {
		if seat != nil && !seat.gone && !seat.failed {
			in = append(in, seat)
		}
	}
	return in
}

// add and remove make proposals for the present epoch; propose sends them.
func (s *service) add(who *seat) *proposal {
	s.t.Helper()
	return s.proposal(who, mls.Proposal{Type: mls.ProposalAdd, Add: who.own})
}

func (s *service) remove(who *seat) *proposal {
	s.t.Helper()
	return s.proposal(who, mls.Proposal{Type: mls.ProposalRemove, Remove: mls.LeafIndex(s.leafOf(who))})
}

func (s *service) proposal(who *seat, p mls.Proposal) *proposal {
	s.t.Helper()
	m, err := mls.SignExternalProposal(s.sign, s.groupID(), s.epoch, 0, p)
	if err != nil {
		s.t.Fatal(err)
	}
	return &proposal{who: who, kind: p.Type, leaf: p.Remove, ref: m.ProposalRef(), message: m.Marshal()}
}

// propose sends the proposals to everybody in the group, in one op 27.
func (s *service) propose(batch ...*proposal) {
	s.t.Helper()
	s.newest++
	var vector []byte
	for _, p := range batch {
		p.batch = s.newest
		vector = append(vector, p.message...)
	}
	s.inflight = append(s.inflight, batch...)
	for _, seat := range s.members() {
		seat.peer.tell(message{signal.OpMLSProposals, mls.AppendVector([]byte{0}, vector)})
	}
}

// revoke takes proposals back.
func (s *service) revoke(batch ...*proposal) {
	s.t.Helper()
	s.newest++
	var vector []byte
	for _, p := range batch {
		vector = mls.AppendVector(vector, p.ref[:])
		s.inflight = slices.DeleteFunc(s.inflight, func(q *proposal) bool { return p == q })
	}
	if len(s.inflight) == 0 {
		s.newest = 0
	}
	for _, seat := range s.members() {
		seat.peer.tell(message{signal.OpMLSProposals, mls.AppendVector([]byte{1}, vector)})
	}
}
