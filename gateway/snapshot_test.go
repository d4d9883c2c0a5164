package gateway_test

import (
	"reflect"
	"testing"

	"busker/gateway"
)

func TestGuildsComeBackAsTheyWere(t *testing.T) {
	was := gateway.Fill(50)
	entries := was.Changes()
	if more := was.Changes(); len(entries) != 50 || len(more) != 0 {
		t.Errorf("%d guilds changed, then %d", len(entries), len(more))
	}
	is := gateway.Nothing()
	if damaged := is.Restore(entries); damaged != 0 || !is.Same(was) {
		t.Errorf("%d damaged, same %v", damaged, is.Same(was))
	}
	if more := is.Changes(); len(more) != 0 {
		t.Errorf("what was restored is kept again: %d", len(more))
	}
	for key, entry := range entries {
		entries[key] = entry[:len(entry)-1]
	}
	if damaged := gateway.Nothing().Restore(entries); damaged != 50 {
		t.Errorf("%d are damaged", damaged)
	}
}

func FuzzGuildSnapshot(f *testing.F) {
	for _, entry := range gateway.Fill(3).Changes() {
		f.Add(entry)
	}
	f.Add([]byte{})
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, entry []byte) {
		read, again, err := gateway.Recode(entry)
		if err == nil && !reflect.DeepEqual(read, again) {
			t.Errorf("read %+v, then %+v", read, again)
		}
	})
}

func BenchmarkRestore1000Guilds(b *testing.B) {
	entries := gateway.Fill(1000).Changes()
	size := 0
	for _, e := range entries {
		size += len(e)
	}
	for b.Loop() {
		gateway.Nothing().Restore(entries)
	}
	b.ReportMetric(float64(size)/1000, "B/guild")
}
