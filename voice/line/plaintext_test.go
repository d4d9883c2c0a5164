package line_test

import (
	"bytes"
	"testing"

	"busker/voice/dave"
)

// TestWhatIsSentIsEncrypted: another member opens it; on the wire are DAVE frames and
// the five frames of silence, and nothing else.
func TestWhatIsSentIsEncrypted(t *testing.T) {
	ours, theirs := newDuet(t)
	rig, l := newRig(t, ours)
	rig.Push(packetOf("the first of them"))
	rig.Push(packetOf("the second of them"))
	rig.Tell()
	for _, want := range []string{"the first of them", "the second of them"} {
		rig.Tick(0)
		_, sent := l.media()
		if !bytes.HasSuffix([]byte(sent), []byte{0xFA, 0xFA}) || bytes.Contains([]byte(sent), []byte("of them")) {
			t.Fatalf("on the wire: %q", sent)
		}
		if got, err := theirs.OpenFrame(nil, self, []byte(sent)); err != nil || string(got) != want {
			t.Errorf("opened: %q, %v", got, err)
		}
	}
	for range 5 {
		rig.Tick(0)
		if _, sent := l.media(); sent != silence {
			t.Errorf("silence is %q", sent)
		}
	}
}

// TestNoKeyNoAudio (10.9): without a key nothing but silence is sent, and time
// passes: timestamps go on, packets count.
func TestNoKeyNoAudio(t *testing.T) {
	rig, l := newRig(t, dave.NewSession(dave.Options{User: self}))
	for range 3 {
		rig.Push(packetOf("secret"))
	}
	rig.Tell()
	first := rig.Header()
	for range 3 {
		rig.Tick(0)
		if _, sent := l.media(); sent != "" {
			t.Fatalf("sent %q", sent)
		}
	}
	rig.Tick(0)
	h, sent := l.media()
	if sent != silence || h.Sequence != first.Sequence || h.Timestamp != first.Timestamp+3*960 {
		t.Errorf("sent %q with %+v, first %+v", sent, h, first)
	}
	if n, _, _ := rig.Counts(); n != 3 {
		t.Errorf("%d packets counted", n)
	}
}
