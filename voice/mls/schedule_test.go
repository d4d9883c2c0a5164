package mls_test

import (
	"bytes"
	"testing"

	"busker/voice/mls"
)

func TestKeyScheduleVectors(t *testing.T) {
	type epoch struct {
		TreeHash                hexBytes `json:"tree_hash"`
		CommitSecret            hexBytes `json:"commit_secret"`
		PSKSecret               hexBytes `json:"psk_secret"`
		ConfirmedTranscriptHash hexBytes `json:"confirmed_transcript_hash"`
		GroupContext            hexBytes `json:"group_context"`
		JoinerSecret            hexBytes `json:"joiner_secret"`
		WelcomeSecret           hexBytes `json:"welcome_secret"`
		InitSecret              hexBytes `json:"init_secret"`
		SenderDataSecret        hexBytes `json:"sender_data_secret"`
		EncryptionSecret        hexBytes `json:"encryption_secret"`
		ExporterSecret          hexBytes `json:"exporter_secret"`
		EpochAuthenticator      hexBytes `json:"epoch_authenticator"`
		ExternalSecret          hexBytes `json:"external_secret"`
		ConfirmationKey         hexBytes `json:"confirmation_key"`
		MembershipKey           hexBytes `json:"membership_key"`
		ResumptionPSK           hexBytes `json:"resumption_psk"`
		ExternalPub             hexBytes `json:"external_pub"`
		Exporter                struct {
			Label           string
			Context, Secret hexBytes
			Length          int
		} `json:"exporter"`
	}
	type vector struct {
		GroupID           hexBytes `json:"group_id"`
		InitialInitSecret hexBytes `json:"initial_init_secret"`
		Epochs            []epoch  `json:"epochs"`
	}
	for _, v := range vectors[vector](t, "key-schedule.json") {
		initSecret := []byte(v.InitialInitSecret)
		for i, e := range v.Epochs {
			context := mls.MarshalGroupContext(v.GroupID, uint64(i), e.TreeHash, e.ConfirmedTranscriptHash, nil)
			equal(t, "GroupContext", context, e.GroupContext)
			s := mls.KeySchedule(initSecret, e.CommitSecret, e.PSKSecret, context)
			equal(t, "joiner_secret", s.JoinerSecret, e.JoinerSecret)
			equal(t, "welcome_secret", s.WelcomeSecret, e.WelcomeSecret)
			equal(t, "init_secret", s.Init, e.InitSecret)
			equal(t, "exporter_secret", s.Exporter, e.ExporterSecret)
			equal(t, "confirmation_key", s.ConfirmationKey, e.ConfirmationKey)
			equal(t, "membership_key", s.MembershipKey, e.MembershipKey)
			equal(t, "epoch_authenticator", s.EpochAuthenticator, e.EpochAuthenticator)
			x := e.Exporter
			equal(t, "exported secret", s.Export(x.Label, x.Context, x.Length), x.Secret)
			// The rest is not used here, but shows that epoch_secret is right.
			equal(t, "sender_data_secret", mls.DeriveSecret(s.EpochSecret, "sender data"), e.SenderDataSecret)
			equal(t, "encryption_secret", mls.DeriveSecret(s.EpochSecret, "encryption"), e.EncryptionSecret)
			equal(t, "external_secret", mls.DeriveSecret(s.EpochSecret, "external"), e.ExternalSecret)
			equal(t, "resumption_psk", mls.DeriveSecret(s.EpochSecret, "resumption"), e.ResumptionPSK)
			equal(t, "external_pub", must(mls.DeriveKeyPair(e.ExternalSecret)), e.ExternalPub)
			initSecret = s.Init
		}
	}
}

func TestTranscriptHashesVectors(t *testing.T) {
	type vector struct {
		ConfirmationKey       hexBytes `json:"confirmation_key"`
		AuthenticatedContent  hexBytes `json:"authenticated_content"`
		InterimHashBefore     hexBytes `json:"interim_transcript_hash_before"`
		ConfirmedHashAfter    hexBytes `json:"confirmed_transcript_hash_after"`
		InterimTranscriptHash hexBytes `json:"interim_transcript_hash_after"`
	}
	for _, v := range vectors[vector](t, "transcript-hashes.json") {
		commit := must(mls.ParseAuthenticatedContent(v.AuthenticatedContent))
		confirmed, interim := mls.TranscriptHashes(v.InterimHashBefore, commit)
		equal(t, "confirmed_transcript_hash", confirmed, v.ConfirmedHashAfter)
		equal(t, "interim_transcript_hash", interim, v.InterimTranscriptHash)
		equal(t, "confirmation_tag", mls.MAC(v.ConfirmationKey, confirmed), commit.ConfirmationTag)
	}
}

func TestMessageProtectionVectors(t *testing.T) {
	type vector struct {
		GroupID                 hexBytes `json:"group_id"`
		Epoch                   uint64   `json:"epoch"`
		TreeHash                hexBytes `json:"tree_hash"`
		ConfirmedTranscriptHash hexBytes `json:"confirmed_transcript_hash"`
		SignaturePriv           hexBytes `json:"signature_priv"`
		SignaturePub            hexBytes `json:"signature_pub"`
		MembershipKey           hexBytes `json:"membership_key"`
		Proposal                hexBytes `json:"proposal"`
		ProposalPub             hexBytes `json:"proposal_pub"`
		Commit                  hexBytes `json:"commit"`
		CommitPub               hexBytes `json:"commit_pub"`
	}
	for _, v := range vectors[vector](t, "message-protection.json") {
		context := mls.MarshalGroupContext(v.GroupID, v.Epoch, v.TreeHash, v.ConfirmedTranscriptHash, nil)
		for name, c := range map[string]struct{ content, message []byte }{
			"proposal": {v.Proposal, v.ProposalPub},
			"commit":   {v.Commit, v.CommitPub},
		} {
			t.Run(name, func(t *testing.T) {
				m, err := parseOnlyPublicMessage(c.message)
				if err != nil && name == "commit" {
					t.Skip("it holds a pre-shared key proposal: ", err)
				} else if err != nil {
					t.Fatal(err)
				}
				if err := mls.Unprotect(m, v.SignaturePub, v.MembershipKey, context); err != nil {
					t.Error(err)
				}
				if !bytes.Contains(m.Marshal(), c.content) {
					t.Error("another content")
				}
				// Protected again, with our signature.
				if err := mls.Protect(m, must(mls.ParseSignatureKey(v.SignaturePriv)), v.MembershipKey, context); err != nil {
					t.Fatal(err)
				}
				m = must(parseOnlyPublicMessage(m.Marshal()))
				if err := mls.Unprotect(m, v.SignaturePub, v.MembershipKey, context); err != nil {
					t.Error("our own: ", err)
				}
			})
		}
	}
}
