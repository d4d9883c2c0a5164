package dave

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// agreement is our part in the group's key agreement: MLS without media, transitions
// or sockets. One goroutine at a time uses it.
//
// The group is nil without an external sender, pending while only we are in it (epoch
// 0, on which the first members of a call are proposed) and established from epoch 1.
type agreement struct {
	opts       Options
	recognised map[snowflake.ID]bool // who may be added: who is in the call

	external []byte                 // the ExternalSender of op 25, nil before
	own      *mls.PrivateKeyPackage // the newest sent; nil under version 0 and once established
	group    *mls.Group

	// Of the group's epoch:
	cache    []mls.CachedProposal
	proposed bool                  // a proposal came, revoked or not
	commits  map[string]*mls.Group // ours, sent and not announced, and what they lead to
}

// errNotOurs: the commit is none for us, or none we can tell anything about.
var errNotOurs = errors.New("the commit does not concern us")

func newAgreement(opts Options) agreement {
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	return agreement{opts: opts, recognised: map[snowflake.ID]bool{opts.User: true}}
}

// connected and disconnected keep who is in the call.
func (a *agreement) connected(users []snowflake.ID) {
	for _, u := range users {
		a.recognised[u] = true
	}
}

func (a *agreement) disconnected(u snowflake.ID) {
	if u != a.opts.User {
		delete(a.recognised, u)
	}
}

func (a *agreement) established() bool { return a.group != nil && a.group.Epoch() > 0 }

// leave forgets the group and our key package. The external sender and the users
// belong to the voice session and stay.
func (a *agreement) leave() {
	a.own = nil
	a.enter(nil)
}

// renew leaves the group and makes a new key package, and with it the pending group
// when it can.
func (a *agreement) renew() (keyPackage []byte, err error) {
	a.leave()
	own, err := mls.NewKeyPackage(a.opts.Random, a.opts.Key, identity(a.opts.User))
	if err != nil {
		return nil, fmt.Errorf("make key package: %w", err)
	}
	a.own = own
	return own.KeyPackage.Marshal(), a.found()
}

// enter makes g the group; what belonged to the former one's epoch is void. In an
// established group the init key has done its work and goes (RFC 9420 §16.8).
func (a *agreement) enter(g *mls.Group) {
	a.group = g
	if a.established() {
		a.own = nil
	}
	a.cache, a.proposed, a.commits = nil, false, nil
}

// found makes the pending group, if there is what it takes and none that is right.
// The channel is read each time: who is moved may hear of the new server before the
// new channel.
func (a *agreement) found() error {
	if a.own == nil || a.external == nil || a.established() {
		return nil
	}
	id := identity(a.opts.Channel())
	if a.group != nil && bytes.Equal(a.group.ID(), id) {
		return nil
	}
	g, err := mls.NewGroup(a.opts.Random, id, a.extensions(), a.own)
	if err != nil {
		return fmt.Errorf("make pending group: %w", err)
	}
	a.enter(g)
	return nil
}

// extensions are those of our group's context: the external sender, byte by byte.
func (a *agreement) extensions() []mls.Extension {
	return []mls.Extension{{Type: mls.ExtensionExternalSenders, Data: mls.AppendVector(nil, a.external)}}
}

// identity is how MLS knows users and channels.
func identity(id snowflake.ID) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

func parseIdentity(b []byte) (snowflake.ID, bool) {
	if len(b) != 8 {
		return 0, false
	}
	return snowflake.ID(binary.BigEndian.Uint64(b)), true
}

// setExternal takes the external sender (op 25). An established group keeps the one
// it was made with.
func (a *agreement) setExternal(b []byte) error {
	if a.established() {
		return errors.New("the group is established with another")
	}
	if _, err := mls.ParseExternalSender(b); err != nil {
		return err
	}
	if bytes.Equal(a.external, b) {
		return nil // a rebuilt group would forget its proposals
	}
	a.external = bytes.Clone(b)
	a.enter(nil)
	return a.found()
}

// welcome joins a group (op 30, without its transition id). What is set and not is
// as before on error.
func (a *agreement) welcome(b []byte) error {
	if a.own == nil || a.external == nil {
		return errors.New("no key package or external sender yet")
	}
	w, err := mls.ParseWelcome(b)
	if err != nil {
		return err
	}
	g, err := mls.JoinGroup(w, a.own)
	if err != nil {
		return err
	}
	if g.Epoch() == 0 {
		return errors.New("a welcome into epoch 0, which has one member")
	}
	if !bytes.Equal(g.ID(), identity(a.opts.Channel())) {
		return fmt.Errorf("group %x is not that of channel %s", g.ID(), a.opts.Channel())
	}
	if err := a.checkExtensions(g); err != nil {
		return err
	}
	if _, err := a.roster(g); err != nil {
		return err
	}
	a.enter(g)
	return nil
}

// checkExtensions wants the one external sender we were told.
func (a *agreement) checkExtensions(g *mls.Group) error {
	want, found := a.extensions()[0], 0
	for _, e := range g.Extensions() {
		if e.Type != want.Type {
			continue
		}
		if found++; !bytes.Equal(e.Data, want.Data) {
			return errors.New("another external sender than the server's")
		}
	}
	if found != 1 {
		return fmt.Errorf("%d extensions with external senders", found)
	}
	return nil
}

// roster returns the members' signature keys by user. No user may be there twice, and
// we have to be there.
func (a *agreement) roster(g *mls.Group) (map[snowflake.ID][]byte, error) {
	keys := make(map[snowflake.ID][]byte)
	for _, m := range g.Members() {
		user, ok := parseIdentity(m.Identity)
		if !ok {
			return nil, fmt.Errorf("identity %x in the group", m.Identity)
		}
		if _, twice := keys[user]; twice {
			return nil, fmt.Errorf("user %s is in the group twice", user)
		}
		keys[user] = m.SignatureKey
	}
	if _, ok := keys[a.opts.User]; !ok {
		return nil, errors.New("we are not in the group")
	}
	return keys, nil
}
