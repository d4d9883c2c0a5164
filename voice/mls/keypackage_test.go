package mls_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"busker/voice/mls"
)

func TestKeyPackageIsAsDAVEWantsIt(t *testing.T) {
	m := newCall(t).newMember(0x0102030405060708)
	k := m.own.KeyPackage
	if err := k.Validate(); err != nil {
		t.Fatal(err)
	}
	b := k.Marshal()
	if len(b) < 380 || len(b) > 400 {
		t.Errorf("%d bytes, want about 391", len(b))
	}
	equal(t, "beginning", b[:6], []byte{0, 1, 0, 2, 0x40, 65})
	// Credential, capabilities, source, lifetime, extensions of the leaf.
	leaf := must(hex.DecodeString("0001080102030405060708" + "0200010200020000020001" + "01" +
		"0000000000000000ffffffffffffffff" + "00"))
	if !bytes.Contains(b, leaf) {
		t.Errorf("%x is not in %x", leaf, b)
	}
	if k.Ref() != must(mls.ParseKeyPackage(b)).Ref() {
		t.Error("another reference after parsing")
	}
}

func TestValidateRefuses(t *testing.T) {
	m := newCall(t).newMember(1)
	other := newCall(t).newMember(2)
	for name, change := range map[string]func(k *mls.KeyPackage){
		"version":                  func(k *mls.KeyPackage) { k.Version = 2 },
		"cipher suite":             func(k *mls.KeyPackage) { k.CipherSuite = 1 },
		"leaf of an update":        func(k *mls.KeyPackage) { k.LeafNode.Source = mls.SourceUpdate },
		"leaf of a commit":         func(k *mls.KeyPackage) { k.LeafNode.Source = mls.SourceCommit },
		"one key for two":          func(k *mls.KeyPackage) { k.InitKey = k.LeafNode.EncryptionKey },
		"init key no point":        func(k *mls.KeyPackage) { k.InitKey = make([]byte, 65) },
		"init key short":           func(k *mls.KeyPackage) { k.InitKey = k.InitKey[:64] },
		"encryption key no point":  func(k *mls.KeyPackage) { k.LeafNode.EncryptionKey = bytes.Repeat([]byte{4}, 65) },
		"no encryption key":        func(k *mls.KeyPackage) { k.LeafNode.EncryptionKey = nil },
		"another's signature key":  func(k *mls.KeyPackage) { k.LeafNode.SignatureKey = other.key.Public() },
		"signature key no point":   func(k *mls.KeyPackage) { k.LeafNode.SignatureKey = make([]byte, 65) },
		"capable of no version":    func(k *mls.KeyPackage) { k.LeafNode.Capabilities.Versions = nil },
		"capable of another suite": func(k *mls.KeyPackage) { k.LeafNode.Capabilities.CipherSuites = []uint16{1} },
		"capable of no credential": func(k *mls.KeyPackage) { k.LeafNode.Capabilities.Credentials = []uint16{2} },
	} {
		t.Run(name, func(t *testing.T) {
			k := must(mls.ParseKeyPackage(m.own.KeyPackage.Marshal()))
			change(k)
			k.Resign(m.key)
			if k.Validate() == nil {
				t.Error("valid")
			}
		})
	}
}

func TestLeafExtensionsNeedCapabilities(t *testing.T) {
	m := newCall(t).newMember(1)
	for _, c := range []struct {
		name       string
		extensions []mls.ExtensionType
		capable    []uint16
		valid      bool
	}{
		{"listed", []mls.ExtensionType{0xff00, 9}, []uint16{9, 0xff00}, true},
		{"default", []mls.ExtensionType{1}, nil, true},
		{"not listed", []mls.ExtensionType{9, 0xff00}, []uint16{9}, false},
		{"nothing listed", []mls.ExtensionType{6}, nil, false},
		{"type zero", []mls.ExtensionType{0}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := must(mls.ParseKeyPackage(m.own.KeyPackage.Marshal()))
			for _, e := range c.extensions {
				k.LeafNode.Extensions = append(k.LeafNode.Extensions, mls.Extension{Type: e})
			}
			k.LeafNode.Capabilities.Extensions = c.capable
			k.Resign(m.key)
			if err := k.Validate(); (err == nil) != c.valid {
				t.Error(err)
			}
		})
	}
}

func TestEveryByteOfAKeyPackageCounts(t *testing.T) {
	b := newCall(t).newMember(1).own.KeyPackage.Marshal()
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1 << (i % 8)
		if k, err := mls.ParseKeyPackage(changed); err == nil && k.Validate() == nil {
			t.Fatalf("byte %d does not count", i)
		}
		if _, err := mls.ParseKeyPackage(b[:i]); err == nil {
			t.Fatalf("parsed %d of %d bytes", i, len(b))
		}
	}
}

func TestParsePrivateKeyPackageRefusesOtherKeys(t *testing.T) {
	e := vectors[passiveClient](t, "passive-client-welcome.json")
	a, b := e[0], e[1]
	k := mlsMessage(t, a.KeyPackage, 5)
	for name, keys := range map[string][3][]byte{
		"init key":       {b.InitPriv, a.EncryptionPriv, a.SignaturePriv},
		"encryption key": {a.InitPriv, b.EncryptionPriv, a.SignaturePriv},
		"signature key":  {a.InitPriv, a.EncryptionPriv, b.SignaturePriv},
		"no init key":    {nil, a.EncryptionPriv, a.SignaturePriv},
		"zero":           {a.InitPriv, make([]byte, 32), a.SignaturePriv},
		"short":          {a.InitPriv, a.EncryptionPriv, a.SignaturePriv[:31]},
	} {
		if _, err := mls.ParsePrivateKeyPackage(k, keys[0], keys[1], keys[2]); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := mls.ParsePrivateKeyPackage(k[1:], a.InitPriv, a.EncryptionPriv, a.SignaturePriv); err == nil {
		t.Error("accepted half a key package")
	}
}

func TestExternalSender(t *testing.T) {
	key := must(mls.NewSignatureKey(rand.Reader))
	s := mls.ExternalSender{SignatureKey: key.Public(), Credential: mls.Credential{Identity: []byte{0}}}
	b := s.Marshal()
	equal(t, "beginning", b[:3], []byte{0x40, 65, 4})
	equal(t, "end", b[67:], []byte{0, 1, 1, 0})
	equal(t, "parsed", must(mls.ParseExternalSender(b)).Marshal(), b)
	for n := range b {
		if _, err := mls.ParseExternalSender(b[:n]); err == nil {
			t.Errorf("parsed %d bytes", n)
		}
	}
	if _, err := mls.ParseExternalSender(append(b, 0)); err == nil {
		t.Error("parsed a byte after the end")
	}
	x := mls.ExternalSendersExtension(s)
	equal(t, "extension", x.Data, mls.AppendVector(nil, b))
}
