package mls_test

import (
	"bytes"
	"fmt"
	"testing"

	"busker/voice/mls"
)

// The structs of messages.json that the profile has. Left out are, because nothing
// here reads them: private_message, public_message_application, and the proposals
// update, pre_shared_key, re_init, external_init and group_context_extensions.
var messageReaders = map[string]func(b []byte) ([]byte, error){
	"mls_welcome":     afterHeader(3, reserialize(mls.ParseWelcome, (*mls.Welcome).Marshal)),
	"mls_group_info":  afterHeader(4, named("group_info")),
	"mls_key_package": afterHeader(5, reserialize(mls.ParseKeyPackage, (*mls.KeyPackage).Marshal)),
	"ratchet_tree":    named("ratchet_tree"),
	"group_secrets":   named("group_secrets"),
	"commit":          named("commit"),
	"add_proposal":    after([]byte{0, 1}, named("proposal")),
	"remove_proposal": after([]byte{0, 3}, named("proposal")),

	"public_message_proposal": reserialize(parseOnlyPublicMessage, (*mls.PublicMessage).Marshal),
	"public_message_commit":   reserialize(parseOnlyPublicMessage, (*mls.PublicMessage).Marshal),
}

func TestMessagesVectors(t *testing.T) {
	for i, e := range vectors[map[string]hexBytes](t, "messages.json") {
		for name, read := range messageReaders {
			t.Run(fmt.Sprintf("%d/%s", i, name), func(t *testing.T) {
				b := e[name]
				got, err := read(b)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, b) {
					t.Fatalf("serialised to\n%x, want\n%x", got, b)
				}
				for n := range len(b) {
					if _, err := read(b[:n]); err == nil {
						t.Fatalf("read though cut after %d of %d bytes", n, len(b))
					}
				}
				if _, err := read(append(bytes.Clone(b), 0)); err == nil {
					t.Fatal("read with a byte after the end")
				}
			})
		}
	}
}

func reserialize[T any](parse func([]byte) (T, error), marshal func(T) []byte) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := parse(b)
		if err != nil {
			return nil, err
		}
		return marshal(v), nil
	}
}

func named(name string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return mls.Reserialize(name, b) }
}

// afterHeader reads what follows the header of an MLSMessage.
func afterHeader(format byte, read func([]byte) ([]byte, error)) func([]byte) ([]byte, error) {
	header := []byte{0, 1, 0, format}
	return func(b []byte) ([]byte, error) {
		rest, found := bytes.CutPrefix(b, header)
		if !found {
			return nil, fmt.Errorf("no header of wire format %d", format)
		}
		got, err := read(rest)
		return append(bytes.Clone(header), got...), err
	}
}

// after reads a struct whose beginning is not in the vector.
func after(beginning []byte, read func([]byte) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		got, err := read(append(bytes.Clone(beginning), b...))
		return bytes.TrimPrefix(got, beginning), err
	}
}

func parseOnlyPublicMessage(b []byte) (*mls.PublicMessage, error) {
	m, rest, err := mls.ParsePublicMessage(b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes after the message", len(rest))
	}
	return m, err
}
