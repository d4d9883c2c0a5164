package dave_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

const channel snowflake.ID = 1464604512870633501

// call is the voice server of one call, as far as the sessions see it. It does what
// the test says: which commit wins, and when transitions are executed. Answers arrive
// within the call that caused them, so that there is nothing to wait for.
type call struct {
	testing.TB
	channel  snowflake.ID
	key      *mls.SignatureKey // the external sender's
	external []byte            // op 25
	version  int

	members map[snowflake.ID]*member // who is in the call
	keys    map[snowflake.ID]*mls.SignatureKey
	epoch   uint64
	leaves  []snowflake.ID // of the group; 0 is blank
	flight  []flying
	said    map[string]bool // key and nonce of every frame
	next    uint16          // transition id
}

// flying is a proposal of the epoch.
type flying struct {
	message []byte
	ref     mls.ProposalRef
	add     snowflake.ID
	remove  mls.LeafIndex // when add is 0
}

// member is a session and what it sent.
type member struct {
	*dave.Session
	call   *call
	user   snowflake.ID
	err    error // HandleDAVE's
	writes error // what the socket says

	keyPackages []*mls.KeyPackage
	commits     [][]byte // op 28 of this epoch
	ready       []uint16
	invalid     []uint16
}

func newCall(t testing.TB) *call {
	c := &call{
		TB: t, channel: channel, version: 1,
		members: map[snowflake.ID]*member{}, keys: map[snowflake.ID]*mls.SignatureKey{}, said: map[string]bool{},
	}
	c.key = c.newKey()
	c.external = (&mls.ExternalSender{SignatureKey: c.key.Public(), Credential: mls.Credential{Identity: []byte{0}}}).Marshal()
	return c
}

func (c *call) newKey() *mls.SignatureKey {
	c.Helper()
	return must(mls.NewSignatureKey(rand.Reader))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// session makes a member that was told nothing yet. A user keeps the signature key.
func (c *call) session(user snowflake.ID, change ...func(*dave.Options)) *member {
	if c.keys[user] == nil {
		c.keys[user] = c.newKey()
	}
	opts := dave.Options{User: user, Key: c.keys[user], Channel: func() snowflake.ID { return c.channel }}
	for _, f := range change {
		f(&opts)
	}
	return &member{Session: dave.NewSession(opts), call: c, user: user}
}

// join lets a user connect, up to the key package.
func (c *call) join(user snowflake.ID) *member {
	m := c.session(user)
	c.members[user] = m
	for _, other := range c.members {
		other.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, user)
		m.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, other.user)
	}
	m.describe(c.version)
	m.binary(signal.OpMLSExternalSender, c.external)
	return m
}

// leave lets a user disconnect. The Remove is for the test to propose.
func (c *call) leave(user snowflake.ID) {
	delete(c.members, user)
	for _, m := range c.members {
		m.text(signal.OpClientDisconnect, `{"user_id":%q}`, user)
	}
}

func (m *member) describe(version int) {
	m.text(signal.OpSessionDescription, `{"mode":"aead_aes256_gcm_rtpsize","secret_key":[1],"dave_protocol_version":%d}`, version)
}

// settled checks that it is known how the first audio is to be sent.
func (m *member) settled() {
	select {
	case <-m.Settled():
	default:
		m.call.Errorf("user %d has not settled", m.user)
	}
}

func (m *member) text(op signal.Op, format string, args ...any) {
	m.handle(signal.Frame{Op: op, Seq: signal.NoSeq, Data: fmt.Appendf(nil, format, args...)})
}

func (m *member) binary(op signal.Op, payload []byte) {
	m.handle(signal.Frame{Op: op, Binary: true, Data: payload})
}

func (m *member) handle(f signal.Frame) {
	f.Data = bytes.Clone(f.Data)
	if err := m.HandleDAVE(m.call.Context(), m, f); err != nil {
		m.err = err
	}
	clear(f.Data) // the memory is the caller's again
}

func (m *member) WriteText(_ context.Context, op signal.Op, d any) error {
	if m.writes != nil {
		return m.writes
	}
	var v struct {
		ID *uint16 `json:"transition_id"`
	}
	if err := json.Unmarshal(must(json.Marshal(d)), &v); err != nil || v.ID == nil {
		m.call.Errorf("op %d: %v, %v", op, d, err)
		return nil
	}
	switch op {
	case signal.OpDAVETransitionReady:
		m.ready = append(m.ready, *v.ID)
	case signal.OpMLSInvalidCommit:
		m.invalid = append(m.invalid, *v.ID)
	default:
		m.call.Errorf("op %d is not ours to send", op)
	}
	return nil
}

func (m *member) WriteBinary(_ context.Context, op signal.Op, payload []byte) error {
	if m.writes != nil {
		return m.writes
	}
	switch op {
	case signal.OpMLSKeyPackage:
		kp, err := mls.ParseKeyPackage(bytes.Clone(payload))
		if err != nil || kp.Validate() != nil {
			m.call.Errorf("key package: %v, %v", err, kp.Validate())
		}
		m.keyPackages = append(m.keyPackages, kp)
	case signal.OpMLSCommitWelcome:
		m.commits = append(m.commits, bytes.Clone(payload))
	default:
		m.call.Errorf("op %d is not ours to send", op)
	}
	return nil
}

// keyPackage is the newest the user sent.
func (c *call) keyPackage(user snowflake.ID) *mls.KeyPackage {
	c.Helper()
	m := c.members[user]
	if len(m.keyPackages) == 0 {
		c.Fatalf("user %d sent no key package", user)
	}
	return m.keyPackages[len(m.keyPackages)-1]
}

func (c *call) sign(p mls.Proposal) flying {
	m := must(mls.SignExternalProposal(c.key, id(c.channel), c.epoch, 0, p))
	f := flying{message: m.Marshal(), ref: m.ProposalRef(), remove: p.Remove}
	if p.Add != nil && len(p.Add.LeafNode.Credential.Identity) == 8 {
		f.add = user(p.Add.LeafNode.Credential.Identity)
	}
	return f
}

func (c *call) signAdd(user snowflake.ID) flying {
	return c.sign(mls.Proposal{Type: mls.ProposalAdd, Add: c.keyPackage(user)})
}

func (c *call) signRemove(user snowflake.ID) flying {
	leaf := slices.Index(c.leaves, user)
	if leaf < 0 {
		c.Fatalf("user %d is not in the group", user)
	}
	return c.sign(mls.Proposal{Type: mls.ProposalRemove, Remove: mls.LeafIndex(leaf)})
}

// propose sends proposals in one op 27: to the members of the group, or before there
// is one to everybody, except for users' own Adds.
func (c *call) propose(list ...flying) {
	c.flight = append(c.flight, list...)
	for _, m := range c.listeners() {
		var messages []byte
		for _, p := range list {
			if p.add != m.user {
				messages = append(messages, p.message...)
			}
		}
		if len(messages) > 0 {
			m.binary(signal.OpMLSProposals, vector(0, messages))
		}
	}
}

// listeners get proposals.
func (c *call) listeners() []*member {
	var list []*member
	for _, user := range slices.Sorted(maps.Keys(c.members)) {
		if c.epoch == 0 || slices.Contains(c.leaves, user) {
			list = append(list, c.members[user])
		}
	}
	return list
}

func (c *call) add(users ...snowflake.ID) {
	c.Helper()
	var list []flying
	for _, u := range users {
		list = append(list, c.signAdd(u))
	}
	c.propose(list...)
}

func (c *call) remove(users ...snowflake.ID) {
	c.Helper()
	var list []flying
	for _, u := range users {
		list = append(list, c.signRemove(u))
	}
	c.propose(list...)
}

func (c *call) revoke(p flying) {
	c.flight = slices.DeleteFunc(c.flight, func(f flying) bool { return f.ref == p.ref })
	for _, m := range c.listeners() {
		m.binary(signal.OpMLSProposals, revocation(p.ref))
	}
}

func revocation(ref mls.ProposalRef) []byte { return vector(1, mls.AppendVector(nil, ref[:])) }

// vector is the payload of an op 27.
func vector(operation byte, content []byte) []byte {
	return mls.AppendVector([]byte{operation}, content)
}

// announcement is a commit the server chose, ready to be told.
type announcement struct {
	id      uint16
	commit  []byte // op 29
	old     []*member
	joiners map[snowflake.ID][]byte // op 30
}

// choose makes a member's commit the winner, its newest when i is -1, and takes its
// proposals into the group. Nobody is told yet.
func (c *call) choose(author snowflake.ID, i int, id uint16) announcement {
	c.Helper()
	m := c.members[author]
	if len(m.commits) == 0 {
		c.Fatalf("user %d sent no commit", author)
	}
	payload := m.commits[(i+len(m.commits))%len(m.commits)]
	message, rest, err := mls.ParsePublicMessage(payload)
	if err != nil {
		c.Fatal(err)
	}
	a := announcement{
		id:      id,
		commit:  binary.BigEndian.AppendUint16(nil, id),
		joiners: map[snowflake.ID][]byte{},
	}
	a.commit = append(a.commit, payload[:len(payload)-len(rest)]...)
	if c.epoch == 0 {
		c.leaves = []snowflake.ID{author}
	}
	for _, u := range c.leaves {
		if m := c.members[u]; m != nil {
			a.old = append(a.old, m)
		}
	}
	c.settle(message, rest, &a)
	for _, m := range c.members {
		m.commits = nil
	}
	return a
}

// settle applies a commit's proposals to what the server knows of the group.
func (c *call) settle(message *mls.PublicMessage, rest []byte, a *announcement) {
	c.Helper()
	var adds []snowflake.ID
	for _, named := range message.Content.Commit.Proposals {
		i := slices.IndexFunc(c.flight, func(f flying) bool { return f.ref == named.Ref })
		if i < 0 || named.Inline != nil {
			c.Fatalf("the commit names an unknown proposal %x", named.Ref)
		}
		if p := c.flight[i]; p.add != 0 {
			adds = append(adds, p.add)
		} else {
			c.leaves[p.remove] = 0
		}
	}
	for len(c.leaves) > 0 && c.leaves[len(c.leaves)-1] == 0 {
		c.leaves = c.leaves[:len(c.leaves)-1]
	}
	if (len(rest) > 0) != (len(adds) > 0) {
		c.Fatalf("%d adds and a welcome of %d bytes", len(adds), len(rest))
	}
	for _, u := range adds {
		if i := slices.Index(c.leaves, 0); i >= 0 {
			c.leaves[i] = u
		} else {
			c.leaves = append(c.leaves, u)
		}
		if c.members[u] != nil {
			a.joiners[u] = append(binary.BigEndian.AppendUint16(nil, a.id), c.trimmed(rest, u)...)
		}
	}
	c.epoch++
	c.flight = nil
}

// trimmed is a Welcome for one user.
func (c *call) trimmed(b []byte, u snowflake.ID) []byte {
	c.Helper()
	w, err := mls.ParseWelcome(bytes.Clone(b))
	if err != nil {
		c.Fatal(err)
	}
	ref := c.keyPackage(u).Ref()
	w.Secrets = slices.DeleteFunc(w.Secrets, func(s mls.EncryptedGroupSecrets) bool { return s.NewMember != ref })
	if len(w.Secrets) != 1 {
		c.Fatalf("%d secrets for user %d", len(w.Secrets), u)
	}
	return w.Marshal()
}

// announce tells everybody.
func (c *call) announce(a announcement) {
	for _, m := range a.old {
		m.binary(signal.OpMLSAnnounceCommit, bytes.Clone(a.commit))
	}
	for u, welcome := range a.joiners {
		if m := c.members[u]; m != nil {
			m.binary(signal.OpMLSWelcome, welcome)
		}
	}
}

// transition returns a new id.
func (c *call) transition() uint16 {
	c.next++
	return c.next
}

func (c *call) execute(id uint16) {
	for _, m := range c.members {
		m.text(signal.OpDAVEExecuteTransition, `{"transition_id":%d}`, id)
	}
}

// win lets a member's newest commit win and everybody change over.
func (c *call) win(author snowflake.ID) {
	c.Helper()
	id := c.transition()
	c.announce(c.choose(author, -1, id))
	c.execute(id)
}

// form makes the group of everybody in the call.
func (c *call) form(winner snowflake.ID) {
	c.Helper()
	c.add(slices.Sorted(maps.Keys(c.members))...)
	c.announce(c.choose(winner, -1, 0))
}

// callOf makes a call of n users, with a group when there are several.
func callOf(t testing.TB, n int) *call {
	c := newCall(t)
	for i := range n {
		c.join(alice + snowflake.ID(i))
	}
	if n > 1 {
		c.form(alice)
		c.hear()
	}
	return c
}

// alone tells the only member that the group is to be made anew.
func (c *call) alone(m *member) {
	c.epoch, c.leaves, c.flight = 0, nil, nil
	m.text(signal.OpDAVEPrepareEpoch, `{"epoch":1,"protocol_version":1}`)
	m.text(signal.OpDAVEPrepareTransition, `{"transition_id":0,"protocol_version":1}`)
}

func id(id snowflake.ID) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

func user(identity []byte) snowflake.ID { return snowflake.ID(binary.BigEndian.Uint64(identity)) }
