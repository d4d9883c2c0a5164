package clustertest

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"busker/cluster"
)

func get(t *testing.T, c *cluster.Cluster, key string) (string, bool) {
	t.Helper()
	value, ok, err := c.Cache.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(value), ok
}

func cache(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	if v, ok := get(t, a, "k"); ok {
		t.Fatalf("nothing was set, and there is %q", v)
	}
	value := []byte("\x00one\xff")
	want(t, a.Cache.Set(t.Context(), "k", value, ttl), nil)
	copy(value, "xxxxx")
	if v, ok := get(t, b, "k"); !ok || v != "\x00one\xff" {
		t.Fatalf("got %q, %v", v, ok)
	}
	want(t, a.Cache.Set(t.Context(), "empty", nil, 0), nil)
	if v, ok := get(t, b, "empty"); !ok || v != "" {
		t.Fatalf("got %q, %v for an empty value", v, ok)
	}
	want(t, a.Cache.Set(t.Context(), "long", []byte("stays"), 0), nil)
	r.Advance(ttl + ttl/4)
	if _, ok := get(t, b, "k"); ok {
		t.Fatal("what expired is there")
	}
	if _, ok := get(t, b, "long"); !ok {
		t.Fatal("what never expires is gone")
	}
	want(t, b.Cache.Delete(t.Context(), "long", "empty", "never"), nil)
	want(t, b.Cache.Delete(t.Context()), nil)
	for _, key := range []string{"long", "empty"} {
		if _, ok := get(t, a, key); ok {
			t.Fatalf("%s was deleted and is there", key)
		}
	}
}

func swap(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	try := func(c *cluster.Cluster, old, new []byte, swapped bool) {
		t.Helper()
		if got := must[bool](t)(c.Cache.Swap(t.Context(), "layout", old, new)); got != swapped {
			t.Fatalf("%q to %q: %v", old, new, got)
		}
	}
	try(a, []byte("x"), []byte("y"), false)
	try(a, nil, []byte("16"), true)
	try(b, nil, []byte("8"), false)
	try(b, []byte("16"), []byte("32"), true)
	try(a, []byte("16"), []byte("64"), false)
	if v, _ := get(t, a, "layout"); v != "32" {
		t.Fatalf("swapped to %q", v)
	}
	try(a, []byte{}, []byte("1"), false)
	try(a, []byte("32"), []byte{}, true)
	try(a, nil, []byte("1"), false)
	try(a, []byte{}, nil, true)
	if _, ok := get(t, b, "layout"); ok {
		t.Fatal("swapped away, and there")
	}
	try(a, nil, nil, true)
}

func swapIsAtomic(t *testing.T, r Rig) {
	const many = 8
	var won atomic.Int32
	var all sync.WaitGroup
	for n := range many {
		c := r.Open(t)
		all.Go(func() {
			swapped, err := c.Cache.Swap(t.Context(), "k", nil, []byte(fmt.Sprint(n)))
			if err != nil {
				t.Error(err)
			}
			if swapped {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d of %d were the first", won.Load(), many)
	}
}

type entries = map[string][]byte

func table(t *testing.T, c *cluster.Cluster, name string, wanted map[string]string) {
	t.Helper()
	got := must[entries](t)(c.Cache.Table(t.Context(), name))
	if got == nil || len(got) != len(wanted) {
		t.Fatalf("the table holds %q, want %q", got, wanted)
	}
	for key, value := range wanted {
		if string(got[key]) != value {
			t.Fatalf("the table holds %q, want %q", got, wanted)
		}
	}
}

func tables(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	table(t, a, "guilds", nil)
	want(t, a.Cache.Put(t.Context(), "guilds", 5, entries{"1": []byte("one"), "2": []byte("\x00two\xff"), "": {}}, ttl), nil)
	table(t, b, "guilds", map[string]string{"1": "one", "2": "\x00two\xff", "": ""})
	want(t, a.Cache.Put(t.Context(), "guilds", 5, entries{"1": nil, "3": []byte("three"), "never": nil}, 10*ttl), nil)
	table(t, b, "guilds", map[string]string{"2": "\x00two\xff", "3": "three", "": ""})
	r.Advance(ttl + ttl/4)
	table(t, b, "guilds", map[string]string{"2": "\x00two\xff", "3": "three", "": ""})
	want(t, a.Cache.Put(t.Context(), "guilds", 5, nil, ttl), nil)
	r.Advance(ttl + ttl/4)
	table(t, b, "guilds", nil)
	want(t, a.Cache.Put(t.Context(), "guilds", 5, entries{"4": []byte("four")}, 0), nil)
	r.Advance(ttl)
	table(t, b, "guilds", map[string]string{"4": "four"})
	want(t, a.Cache.Drop(t.Context(), "guilds", 5), nil)
	want(t, a.Cache.Drop(t.Context(), "never", 5), nil)
	table(t, b, "guilds", nil)
}

func tablesAreFenced(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	one, two := entries{"k": []byte("one")}, entries{"k": []byte("two")}
	want(t, a.Cache.Put(t.Context(), "guilds", 7, one, ttl), nil)
	want(t, b.Cache.Put(t.Context(), "guilds", 9007199254740000, two, ttl), nil)
	want(t, a.Cache.Put(t.Context(), "guilds", 9007199254739999, one, ttl), cluster.ErrLost)
	want(t, a.Cache.Drop(t.Context(), "guilds", 8), cluster.ErrLost)
	table(t, a, "guilds", map[string]string{"k": "two"})
	want(t, b.Cache.Drop(t.Context(), "guilds", 9007199254740000), nil)
	want(t, a.Cache.Put(t.Context(), "guilds", 7, one, ttl), cluster.ErrLost)
	want(t, b.Cache.Put(t.Context(), "guilds", 9007199254740000, two, ttl), nil)
	r.Advance(ttl + ttl/4)
	want(t, a.Cache.Put(t.Context(), "guilds", 7, one, ttl), cluster.ErrLost)
	table(t, a, "guilds", nil)
}

// largeTables has as many guilds as a shard can have, and some that are large.
func largeTables(t *testing.T, r Rig) {
	c := r.Open(t)
	large := entries{}
	for n := range 2500 {
		large[fmt.Sprint(n)] = bytes.Repeat([]byte{byte(n)}, 300)
	}
	large["0"] = bytes.Repeat([]byte("x"), 1<<20)
	want(t, c.Cache.Put(t.Context(), "guilds", 1, large, 0), nil)
	got := must[entries](t)(c.Cache.Table(t.Context(), "guilds"))
	if len(got) != len(large) || !bytes.Equal(got["0"], large["0"]) || !bytes.Equal(got["2499"], large["2499"]) {
		t.Fatalf("%d of %d entries came back", len(got), len(large))
	}
	for name := range large {
		large[name] = nil
	}
	want(t, c.Cache.Put(t.Context(), "guilds", 1, large, 0), nil)
	table(t, c, "guilds", nil)
}
