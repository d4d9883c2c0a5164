package signal_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"busker/internal/snowflake"
	"busker/voice/rtp"
	"busker/voice/signal"
)

func TestDecodeText(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       signal.Frame
		fails      bool
	}{
		{"numbered", `{"op":11,"d":{"user_ids":[]},"seq":7}`, signal.Frame{Op: 11, Seq: 7, Data: []byte(`{"user_ids":[]}`)}, false},
		{"number 0 is a number", `{"op":9,"d":null,"seq":0}`, signal.Frame{Op: 9, Seq: 0, Data: []byte(`null`)}, false},
		{"no number", `{"op":9,"d":null}`, signal.Frame{Op: 9, Seq: signal.NoSeq, Data: []byte(`null`)}, false},
		{"null number", `{"op":9,"seq":null}`, signal.Frame{Op: 9, Seq: signal.NoSeq}, false},
		{"opcode 0 is an opcode", `{"op":0}`, signal.Frame{Seq: signal.NoSeq}, false},
		{"no opcode", `{"d":1}`, signal.Frame{}, true},
		{"opcode too large", `{"op":256}`, signal.Frame{}, true},
		{"no JSON", `op`, signal.Frame{}, true},
		{"nothing", ``, signal.Frame{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := signal.DecodeText([]byte(tt.text))
			if (err != nil) != tt.fails || err == nil && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestDecodeBinary(t *testing.T) {
	got, err := signal.DecodeBinary([]byte{0xFF, 0xFE, 27, 1, 2, 3})
	want := signal.Frame{Op: signal.OpMLSProposals, Seq: 0xFFFE, Binary: true, Data: []byte{1, 2, 3}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range 3 {
		if _, err := signal.DecodeBinary(make([]byte, n)); err == nil {
			t.Errorf("%d bytes made a frame", n)
		}
	}
}

func TestParse(t *testing.T) {
	numbers, _ := json.Marshal(make([]int, rtp.KeyBytes))
	for _, tt := range []struct {
		name string
		op   signal.Op
		data string
		want signal.Message // nil: an error
	}{
		{"hello", 8, `{"v":8,"heartbeat_interval":13750}`, signal.Hello{HeartbeatInterval: 13750 * time.Millisecond}},
		{"fractional hello", 8, `{"heartbeat_interval":41250.5}`, signal.Hello{HeartbeatInterval: 41250500 * time.Microsecond}},
		{"frantic hello", 8, `{"heartbeat_interval":0.001}`, signal.Hello{HeartbeatInterval: 10 * time.Millisecond}},
		{"hello without interval", 8, `{}`, nil},
		{
			"ready", 2, `{"ssrc":4294967295,"ip":"203.0.113.9","port":50000,"modes":["a","b"],"heartbeat_interval":1}`,
			signal.Ready{SSRC: 1<<32 - 1, Server: netip.MustParseAddrPort("203.0.113.9:50000"), Modes: []rtp.Mode{"a", "b"}},
		},
		{"ready without address", 2, `{"ssrc":1,"port":50000}`, nil},
		{
			"description", 4, `{"mode":"aead_aes256_gcm_rtpsize","secret_key":` + string(numbers) + `,"dave_protocol_version":1}`,
			signal.Description{Mode: rtp.AES256GCM, Key: make([]byte, rtp.KeyBytes), DAVEVersion: 1},
		},
		{"short key", 4, `{"mode":"x","secret_key":[1,2]}`, nil},
		{"key of too large bytes", 4, `{"mode":"x","secret_key":[256` + strings.Repeat(",0", 31) + `]}`, nil},
		{"speaking", 5, `{"speaking":1,"ssrc":2,"user_id":"3"}`, signal.Speaking{Flags: signal.Microphone, SSRC: 2, User: 3}},
		{"resumed", 9, `null`, signal.Resumed{}},
		{"connected", 11, `{"user_ids":["1","2"]}`, signal.Connected{Users: []snowflake.ID{1, 2}}},
		{"disconnected", 13, `{"user_id":"1"}`, signal.Disconnected{User: 1}},
		{"user without number", 13, `{"user_id":"x"}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := signal.Parse(signal.Frame{Op: tt.op, Data: []byte(tt.data)})
			if (err == nil) != (tt.want != nil) || tt.want != nil && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestParseIgnoresWhatIsNotForUs(t *testing.T) {
	for _, f := range []signal.Frame{{Op: 18, Data: []byte(`{}`)}, {Op: 200}, {Op: 8, Binary: true}} {
		if m, err := signal.Parse(f); m != nil || err != nil {
			t.Errorf("%+v: %v, %v", f, m, err)
		}
	}
}

func TestReactions(t *testing.T) {
	for codes, want := range map[string]signal.Reaction{
		"1000 1001 1006 3999 4013 4015":                                    signal.Resume,
		"4000 4001 4002 4003 4004 4005 4006 4009 4011 4012 4020 4021 4999": signal.Rejoin,
		"4014 4022": signal.Follow,
		"4016 4017": signal.Stop,
	} {
		for code := range strings.FieldsSeq(codes) {
			var n int
			if _, err := fmt.Sscan(code, &n); err != nil {
				t.Fatal(err)
			}
			err := fmt.Errorf("session: %w", &signal.Closed{Code: n})
			if got := signal.React(err).Reaction; got != want {
				t.Errorf("%s: %v, want %v", code, got, want)
			}
		}
	}
	if got := signal.React(fmt.Errorf("socket: %w", signal.ErrZombie)).Reaction; got != signal.Resume {
		t.Errorf("zombie: %v", got)
	}
	if got := signal.RuleFor(4021).Wait; got < time.Minute {
		t.Errorf("rate limited: wait %v", got)
	}
}

func FuzzDecodeText(f *testing.F) {
	f.Add([]byte(`{"op":8,"d":{"heartbeat_interval":13750.5},"seq":0}`))
	f.Add([]byte(`{"op":2,"d":{"ssrc":1,"ip":"::1","port":1,"modes":["a"]}}`))
	f.Add([]byte(`{"op":4,"d":{"mode":"a","secret_key":[1,2,3]}}`))
	f.Add([]byte(`{"op":11,"d":{"user_ids":["1"]},"seq":65535}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := signal.DecodeText(b)
		if err != nil {
			return
		}
		if frame.Seq < signal.NoSeq || frame.Binary {
			t.Fatalf("%+v", frame)
		}
		m, err := signal.Parse(frame)
		if err != nil && m != nil {
			t.Fatalf("%+v with %v", m, err)
		}
		if h, ok := m.(signal.Hello); ok && (h.HeartbeatInterval < 10*time.Millisecond || h.HeartbeatInterval > 2*time.Minute) {
			t.Fatalf("interval %v", h.HeartbeatInterval)
		}
		if d, ok := m.(signal.Description); ok && len(d.Key) != rtp.KeyBytes {
			t.Fatalf("key of %d bytes", len(d.Key))
		}
	})
}
