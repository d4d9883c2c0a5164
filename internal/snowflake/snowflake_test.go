package snowflake_test

import (
	"encoding/json"
	"testing"
	"time"

	"busker/internal/snowflake"
)

func TestJSON(t *testing.T) {
	type doc struct {
		ID snowflake.ID `json:"id"`
	}
	for _, tt := range []struct {
		in   string
		want snowflake.ID
		out  string
	}{
		{`{"id":"175928847299117063"}`, 175928847299117063, `{"id":"175928847299117063"}`},
		{`{"id":42}`, 42, `{"id":"42"}`},
		{`{"id":null}`, 0, `{"id":null}`},
		{`{"id":""}`, 0, `{"id":null}`},
		{`{"id":"18446744073709551615"}`, 1<<64 - 1, `{"id":"18446744073709551615"}`},
	} {
		var d doc
		if err := json.Unmarshal([]byte(tt.in), &d); err != nil || d.ID != tt.want {
			t.Errorf("%s: %d, %v", tt.in, d.ID, err)
		}
		out, err := json.Marshal(d)
		if err != nil || string(out) != tt.out {
			t.Errorf("%s became %s, %v", tt.in, out, err)
		}
	}
	for _, bad := range []string{`{"id":"x"}`, `{"id":-1}`, `{"id":"18446744073709551616"}`, `{"id":1.5}`} {
		if err := json.Unmarshal([]byte(bad), new(doc)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestMakeCarriesItsTime(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 123e6, time.UTC)
	if got := snowflake.Make(at, 7).Time(); !got.Equal(at) {
		t.Errorf("made at %v, read %v", at, got)
	}
	if snowflake.Make(at, 7) == snowflake.Make(at, 8) {
		t.Error("two ids of one millisecond are equal")
	}
}
