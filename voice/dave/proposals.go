package dave

import (
	"errors"
	"fmt"
	"slices"

	"busker/voice/mls"
)

// The operations of op 27, its first byte.
const (
	appendProposals = 0 // a vector of MLSMessages follows
	revokeProposals = 1 // a vector of ProposalRefs follows
)

// errNoGroup: there is no group that could be proposed to, as under version 0.
var errNoGroup = errors.New("no group yet")

// propose takes proposals or their revocation (op 27) and returns our commit to all
// that are open now, or nil when there is none to make: nothing is open, or what is
// does not fit together until more has come. After an error no commit is made either.
func (a *agreement) propose(payload []byte) (commitWelcome []byte, err error) {
	if err := a.found(); err != nil {
		return nil, err
	}
	if a.group == nil {
		return nil, errNoGroup
	}
	if len(payload) == 0 {
		return nil, errors.New("empty")
	}
	list, rest, err := mls.ReadVector(payload[1:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	}
	switch payload[0] {
	case appendProposals:
		err = a.append(list)
	case revokeProposals:
		err = a.revoke(list)
	default:
		err = fmt.Errorf("operation %d", payload[0])
	}
	if err != nil {
		return nil, err
	}
	return a.commit()
}

// append caches proposals until the first that is not right.
func (a *agreement) append(list []byte) error {
	for len(list) > 0 {
		m, rest, err := mls.ParsePublicMessage(list)
		if err != nil {
			return err
		}
		p, err := a.group.VerifyProposal(m)
		if err != nil {
			return err
		}
		a.proposed = true // also by one we refuse: others may commit it, and leave us behind
		if err := a.admit(p.Proposal); err != nil {
			return err
		}
		if a.cached(p.Ref) < 0 { // it may come again after a resume
			a.cache = append(a.cache, p)
		}
		list = rest
	}
	return nil
}

// admit lets only users in who are in the call.
func (a *agreement) admit(p mls.Proposal) error {
	if p.Type != mls.ProposalAdd {
		return nil
	}
	id := p.Add.LeafNode.Credential.Identity
	if user, ok := parseIdentity(id); !ok || !a.recognised[user] {
		return fmt.Errorf("identity %x is not in the call", id)
	}
	return nil
}

func (a *agreement) cached(ref mls.ProposalRef) int {
	return slices.IndexFunc(a.cache, func(p mls.CachedProposal) bool { return p.Ref == ref })
}

// revoke takes proposals back.
func (a *agreement) revoke(list []byte) error {
	for len(list) > 0 {
		b, rest, err := mls.ReadVector(list)
		if err != nil {
			return err
		}
		var ref mls.ProposalRef
		if copy(ref[:], b) != len(b) || len(b) != len(ref) {
			return fmt.Errorf("reference of %d bytes", len(b))
		}
		i := a.cached(ref)
		if i < 0 {
			return fmt.Errorf("unknown reference %x", ref)
		}
		a.cache = slices.Delete(a.cache, i, i+1)
		list = rest
	}
	return nil
}

// commit makes a commit to the whole cache, with a Welcome if anybody is added, and
// remembers it. It is not applied: the server chooses among all members' commits.
func (a *agreement) commit() ([]byte, error) {
	if len(a.cache) == 0 {
		return nil, nil
	}
	c, err := a.group.Commit(a.opts.Random, a.cache)
	if errors.Is(err, mls.ErrInvalidProposals) {
		return nil, nil // also when we are to be removed, which is for others to commit
	}
	if err != nil {
		return nil, err
	}
	if _, err := a.roster(c.Group); err != nil {
		return nil, nil //nolint:nilerr // somebody would be there twice: the Remove will come
	}
	if a.commits == nil {
		a.commits = make(map[string]*mls.Group)
	}
	a.commits[string(c.Message)] = c.Group
	message := slices.Clone(c.Message)
	if c.Welcome != nil {
		message = append(message, c.Welcome.Marshal()...)
	}
	return message, nil
}

// announce applies the commit the server chose (op 29, without its transition id):
// ours, if it is one we sent byte by byte, else another member's. It returns
// errNotOurs, and nothing has changed, when the commit is of another group or nothing
// was proposed in this epoch.
func (a *agreement) announce(b []byte) (won bool, err error) {
	if a.group == nil {
		return false, errNotOurs
	}
	next, won := a.commits[string(b)]
	if !won {
		if next, err = a.process(b); err != nil {
			return false, err
		}
	}
	if _, err := a.roster(next); err != nil {
		return false, err
	}
	a.enter(next)
	return won, nil
}

// process applies another member's commit.
func (a *agreement) process(b []byte) (*mls.Group, error) {
	m, rest, err := mls.ParsePublicMessage(b)
	if err != nil {
		return nil, err
	}
	switch c := &m.Content; {
	case string(c.GroupID) != string(a.group.ID()) || !a.proposed:
		return nil, errNotOurs
	case len(rest) > 0:
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	case c.Type != mls.ContentCommit || c.Commit == nil || c.Sender.Type != mls.SenderMember:
		return nil, errors.New("not a member's commit")
	case c.Sender.Leaf == a.group.OwnLeaf(): // as it is of everybody's pending group
		return nil, errors.New("a commit in our name that we did not send")
	case slices.ContainsFunc(c.Commit.Proposals, func(p mls.ProposalOrRef) bool { return p.Inline != nil }):
		return nil, errors.New("a proposal that did not come from the server")
	}
	return a.group.Process(m, func(ref mls.ProposalRef) (mls.Proposal, bool) {
		if i := a.cached(ref); i >= 0 {
			return a.cache[i].Proposal, true
		}
		return mls.Proposal{}, false
	})
}
