package conn_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"busker/gateway/conn"
)

// TestAnySizes packs texts of all sizes, among them those that end where the buffers of
// a decoder do.
func TestAnySizes(t *testing.T) {
	const window, block = 32 << 10, 128 << 10
	for _, how := range []string{conn.Zlib, conn.Zstd} {
		t.Run(how, func(t *testing.T) {
			for _, sizes := range [][]int{
				{1, 2, 3},
				{window, 1, window, window},
				{window - 1, 1, 1, window + 1},
				{1, window - 1, window},
				{block, 1},
				{block - 1, 1, 1, block + 1},
				{300, 7},
			} {
				for name, text := range map[string]string{"noise": noise(2 * block), "same": strings.Repeat("x", 2*block)} {
					pack := packers[how]()
					var want, packed [][]byte
					for _, n := range sizes {
						want, packed = append(want, []byte(text[:n])), append(packed, pack([]byte(text[:n])))
					}
					got, err := conn.Inflate(how, 1<<20, packed...)
					if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
						t.Errorf("%s of sizes %v: %d messages, %v", name, sizes, len(got), err)
					}
				}
			}
		})
	}
}

func FuzzInflate(f *testing.F) {
	for _, how := range []string{conn.Zlib, conn.Zstd} {
		pack := packers[how]()
		f.Add(how == conn.Zstd, pack([]byte(`{"op":10}`)), pack([]byte(`{"op":11}`)))
	}
	f.Add(true, []byte{0x28, 0xb5, 0x2f, 0xfd}, []byte{})
	f.Fuzz(func(t *testing.T, zstd bool, first, second []byte) {
		how := conn.Zlib
		if zstd {
			how = conn.Zstd
		}
		const most = 1 << 16
		texts, _ := conn.Inflate(how, most, first, second)
		for _, text := range texts {
			if len(text) > most {
				t.Errorf("%d bytes", len(text))
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	for _, text := range []string{
		`{"t":"GUILD_CREATE","s":42,"op":0,"d":{"id":"1"}}`, `{"op":10,"d":{"heartbeat_interval":41250}}`,
		`{"t":null,"s":null,"op":11,"d":null}`, `{"op":9,"d":false}`, `{"op":0,"s":-1,"t":""}`, `[]`, `{"op":1e9}`, "\xff",
		`{"t":"A","s":1,"op":0,"d": [] }`, `{"t":"A","s":1,"op":0,"d":{},"op":9}`, `{"t":"A","s":01,"op":0,"d":1}`,
	} {
		f.Add([]byte(text))
	}
	var frame conn.Frame
	f.Fuzz(func(t *testing.T, text []byte) {
		op, seq, event, data, err := frame.Parse(text)
		if err != nil {
			return
		}
		if op < 0 || seq < 0 || op == 0 && event == "" {
			t.Errorf("took op %d, number %d, event %q", op, seq, event)
		}
		// What is written as Discord does it is read by another way, to the same end.
		var whole struct {
			Op int             `json:"op"`
			S  int64           `json:"s"`
			T  string          `json:"t"`
			D  json.RawMessage `json:"d"`
		}
		if json.Unmarshal(text, &whole) != nil || !json.Valid(data) && data != nil {
			return
		}
		if whole.Op != op || whole.S != seq || whole.T != event || !bytes.Equal(bytes.TrimSpace(data), whole.D) {
			t.Errorf("read %d %d %q %s, and it says %+v", op, seq, event, data, whole)
		}
	})
}
