package mls

import "fmt"

// ExtensionType is the type of an Extension (§17.3).
type ExtensionType uint16

// The extension types in use.
const (
	ExtensionRatchetTree     ExtensionType = 2
	ExtensionExternalSenders ExtensionType = 5
)

// isDefault tells whether everybody understands the type, so that capabilities do not
// list it (§7.2).
func (t ExtensionType) isDefault() bool { return 1 <= t && t <= 5 }

// Extension is an extension of a leaf, key package, group context or group info (§13).
type Extension struct {
	Type ExtensionType
	Data []byte
}

func readExtension(d *decoder) Extension {
	return Extension{Type: ExtensionType(d.uint16()), Data: d.vector()}
}

func (e Extension) appendTo(dst []byte) []byte {
	dst = appendUint16(dst, uint16(e.Type))
	return AppendVector(dst, e.Data)
}

func readExtensions(d *decoder) []Extension { return readList(d, readExtension) }

func appendExtensions(dst []byte, list []Extension) []byte {
	return appendList(dst, list, func(dst []byte, e Extension) []byte { return e.appendTo(dst) })
}

// findExtension returns the data of the extension of type t. A list that has two of
// them is refused, as nothing says which one counts.
func findExtension(list []Extension, t ExtensionType) (data []byte, found bool, err error) {
	for _, e := range list {
		if e.Type != t {
			continue
		}
		if found {
			return nil, false, fmt.Errorf("extension %d twice", t)
		}
		data, found = e.Data, true
	}
	return data, found, nil
}

// ExternalSendersExtension makes the extension of the group context that lets senders
// propose from outside (§12.1.8.1).
func ExternalSendersExtension(senders ...ExternalSender) Extension {
	data := appendList(nil, senders, func(dst []byte, s ExternalSender) []byte { return s.appendTo(dst) })
	return Extension{Type: ExtensionExternalSenders, Data: data}
}

// externalSenders reads the external senders among a group context's extensions. Any
// other there is refused: our capabilities list none (§13.4), and required_capabilities
// would bind us in ways that nothing here checks.
func externalSenders(list []Extension) ([]ExternalSender, error) {
	for _, e := range list {
		if e.Type != ExtensionExternalSenders {
			return nil, fmt.Errorf("group context with extension %d", e.Type)
		}
	}
	data, found, err := findExtension(list, ExtensionExternalSenders)
	if err != nil || !found {
		return nil, err
	}
	senders, err := parse(data, func(d *decoder) []ExternalSender { return readList(d, readExternalSender) })
	if err != nil {
		return nil, fmt.Errorf("external senders: %w", err)
	}
	return senders, nil
}
