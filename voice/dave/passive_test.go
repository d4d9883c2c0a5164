package dave_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// passiveEpoch is what the vectors know of an epoch.
type passiveEpoch struct {
	Proposals     []hexBytes `json:"op27_payloads"`
	Commit        hexBytes   `json:"commit_op29"`
	Epoch         uint64     `json:"epoch"`
	Authenticator hexBytes   `json:"epoch_authenticator"`
	PrivacyCode   string     `json:"privacy_code"`
	Members       []struct {
		User snowflake.ID `json:"user_id"`
	} `json:"members"`
	Secrets map[snowflake.ID]hexBytes `json:"sender_base_secrets"`
	Frames  []struct {
		Sender snowflake.ID `json:"sender"`
		Opus   hexBytes     `json:"opus"`
		Frame  hexBytes     `json:"frame"`
	} `json:"frames"`
}

// TestPassiveSession follows a group run by other implementations through ten epochs.
func TestPassiveSession(t *testing.T) {
	var v struct {
		Group    hexBytes `json:"group_id"`
		External hexBytes `json:"external_sender_op25"`
		Client   struct {
			KeyPackage hexBytes     `json:"key_package"`
			Init       hexBytes     `json:"init_priv"`
			Encryption hexBytes     `json:"encryption_priv"`
			Signature  hexBytes     `json:"signature_priv"`
			User       snowflake.ID `json:"user_id"`
		} `json:"client"`
		Welcome hexBytes       `json:"welcome_op30"`
		Initial passiveEpoch   `json:"initial"`
		Epochs  []passiveEpoch `json:"epochs"`
	}
	vectors(t, "dave-passive-session.json", &v)
	c := newCall(t)
	c.channel = snowflake.ID(binary.BigEndian.Uint64(v.Group))
	c.keys[v.Client.User] = must(mls.ParseSignatureKey(v.Client.Signature))
	m := c.session(v.Client.User)
	m.describe(1)
	m.binary(signal.OpMLSExternalSender, v.External)
	m.Adopt(must(mls.ParsePrivateKeyPackage(v.Client.KeyPackage, v.Client.Init, v.Client.Encryption, v.Client.Signature)))
	for _, e := range append([]passiveEpoch{v.Initial}, v.Epochs...) {
		for _, member := range e.Members {
			m.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, member.User)
		}
	}
	id := []byte{0, 7}
	m.binary(signal.OpMLSWelcome, append(id, v.Welcome...))
	frames := follow(t, m, v.Initial)
	if len(v.Epochs) != 10 {
		t.Fatalf("%d epochs", len(v.Epochs))
	}
	for _, e := range v.Epochs {
		for _, p := range e.Proposals {
			m.binary(signal.OpMLSProposals, p)
		}
		m.binary(signal.OpMLSAnnounceCommit, append(id, e.Commit...))
		frames += follow(t, m, e)
	}
	if frames != 168 {
		t.Errorf("%d frames", frames)
	}
	if len(m.invalid) > 0 {
		t.Errorf("%d recoveries", len(m.invalid))
	}
}

// follow compares a session with an epoch of the vectors, and counts the frames heard.
func follow(t *testing.T, m *member, e passiveEpoch) (frames int) {
	t.Helper()
	now := m.Status()
	if now.Epoch != e.Epoch || now.PrivacyCode != e.PrivacyCode || !bytes.Equal(m.EpochAuthenticator(), e.Authenticator) {
		t.Fatalf("%+v, want epoch %d, code %s", now, e.Epoch, e.PrivacyCode)
	}
	var want []snowflake.ID
	for _, member := range e.Members {
		want = append(want, member.User)
		if secret := m.BaseSecret(member.User); !bytes.Equal(secret, e.Secrets[member.User]) {
			t.Errorf("epoch %d: secret of user %d is %x, want %x", e.Epoch, member.User, secret, e.Secrets[member.User])
		}
	}
	slices.Sort(want)
	if !slices.Equal(now.Members, want) {
		t.Errorf("epoch %d: members %d, want %d", e.Epoch, now.Members, want)
	}
	for _, f := range e.Frames {
		if opus, err := m.OpenFrame(nil, f.Sender, f.Frame); err != nil || !bytes.Equal(opus, f.Opus) {
			t.Errorf("epoch %d: frame of user %d opened as %x, %v", e.Epoch, f.Sender, opus, err)
		}
	}
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":7}`)
	if m.Status().Sending != dave.Encrypted {
		t.Errorf("epoch %d: sending %v", e.Epoch, m.Status().Sending)
	}
	return len(e.Frames)
}
