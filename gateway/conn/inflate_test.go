package conn_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"busker/gateway/conn"
)

// TestAnySizes packs texts of all sizes, among them those that end where the buffers of
// a decoder do.
func TestAnySizes(t *testing.T) {
	for _, how := range []string{conn.Zlib, conn.Zstd} {
		t.Run(how, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				sizes := rapid.SliceOfN(rapid.OneOf(
					rapid.IntRange(0, 300), rapid.SampledFrom([]int{32<<10 - 1, 32 << 10, 32<<10 + 1, 128 << 10, 128<<10 + 1}),
				), 1, 4).Draw(r, "sizes")
				same := rapid.Bool().Draw(r, "same")
				pack := packers[how]()
				var want, packed [][]byte
				for i, n := range sizes {
					text := []byte(strings.Repeat(fmt.Sprint(i), n)[:n])
					if !same {
						text = []byte(noise(n))
					}
					if how == conn.Zstd && n == 0 {
						continue // nothing is no message
					}
					want, packed = append(want, text), append(packed, pack(text))
				}
				got, err := conn.Inflate(how, 1<<20, packed...)
				if err != nil || len(got) != len(want) {
					r.Fatalf("%d of %d messages, %v", len(got), len(want), err)
				}
				for i := range got {
					if !bytes.Equal(got[i], want[i]) {
						r.Fatalf("message %d has %d bytes, want %d", i, len(got[i]), len(want[i]))
					}
				}
			})
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
		var again conn.Frame
		op2, seq2, event2, data2, err := again.Parse(text)
		if err != nil || op2 != op || seq2 != seq || event2 != event || !bytes.Equal(data2, data) {
			t.Errorf("reads differ: %d %d %q %s and %d %d %q %s, %v", op, seq, event, data, op2, seq2, event2, data2, err)
		}
	})
}
