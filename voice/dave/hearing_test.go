package dave_test

import (
	"bytes"
	"fmt"
	"slices"

	"busker/internal/snowflake"
	"busker/voice/dave"
)

// say seals a frame of a member, under the assertions that are always on: under
// version 1 nothing is in the clear, and no key sees a nonce twice.
func (c *call) say(m *member, opus []byte) ([]byte, error) {
	c.Helper()
	key := m.CurrentKey()
	frame, err := m.SealFrame(nil, opus)
	if err != nil || m.Status().Sending == dave.Plain {
		return frame, err
	}
	nonce, sealed := dave.FrameNonce(frame)
	if !sealed {
		c.Errorf("user %d sent %x in the clear", m.user, frame)
	}
	used := fmt.Sprintf("%x %d", key, nonce)
	if c.said[used] {
		c.Errorf("user %d used nonce %d of a key twice", m.user, nonce)
	}
	c.said[used] = true
	return frame, nil
}

// hear lets every member of the group be heard by all others, and checks that all
// have the same code.
func (c *call) hear() {
	c.Helper()
	var code string
	for _, u := range c.leaves {
		if u == 0 {
			continue
		}
		speaker := c.members[u]
		c.heard(speaker)
		now := speaker.Status()
		if code == "" {
			code = now.PrivacyCode
		}
		want := slices.DeleteFunc(slices.Sorted(slices.Values(c.leaves)), func(u snowflake.ID) bool { return u == 0 })
		if !now.Established || now.Epoch != c.epoch || now.PrivacyCode != code || len(code) != 30 ||
			!slices.Equal(now.Members, want) {
			c.Errorf("user %d: %+v; the group has epoch %d and %d", u, now, c.epoch, c.leaves)
		}
	}
}

// heard checks that the others in the group hear a member.
func (c *call) heard(speaker *member) {
	c.Helper()
	opus := []byte("what user " + speaker.user.String() + " says")
	frame, err := c.say(speaker, opus)
	if err != nil {
		c.Errorf("user %d can not speak: %v", speaker.user, err)
		return
	}
	for _, l := range c.leaves {
		if l == 0 || l == speaker.user {
			continue
		}
		if got, err := c.members[l].OpenFrame(nil, speaker.user, frame); err != nil || !bytes.Equal(got, opus) {
			c.Errorf("user %d heard %q of user %d: %v", l, got, speaker.user, err)
		}
	}
}
