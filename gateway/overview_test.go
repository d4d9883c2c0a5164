package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"busker/cluster"
	"busker/gateway"
)

func TestLook(t *testing.T) {
	c := cluster.Local()
	if o, err := gateway.Look(t.Context(), c); err != nil || o.Shards != 0 || len(o.Each) != 0 {
		t.Fatalf("nothing: %+v, %v", o, err)
	}
	if swapped, err := c.Cache.Swap(t.Context(), "layout", nil, []byte(`{"shards":2,"next":3}`)); err != nil || !swapped {
		t.Fatal(swapped, err)
	}
	up, err := c.Leases.Acquire(t.Context(), "shard/2/1", "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Leases.Note(t.Context(), up.Lease, fmt.Appendf(nil, `{"token":%d,"up":true,"active":true}`, up.Token)); err != nil {
		t.Fatal(err)
	}
	for key, owner := range map[string]string{"shard/3/0": "two", "shard/4/3": "old", "shard/x": "nobody", "work/x": "else"} {
		if _, err := c.Leases.Acquire(t.Context(), key, owner, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	o, err := gateway.Look(t.Context(), c)
	if err != nil || o.Shards != 2 || o.Next != 3 || len(o.Each) != 6 {
		t.Fatalf("%+v, %v", o, err)
	}
	for i, want := range []gateway.Whose{
		{Shard: 0, Shards: 2},
		{Shard: 1, Shards: 2, Owner: "one", Up: true, Active: true},
		{Shard: 0, Shards: 3, Owner: "two"},
		{Shard: 1, Shards: 3},
		{Shard: 2, Shards: 3},
		{Shard: 3, Shards: 4, Owner: "old"},
	} {
		got := o.Each[i]
		if (got.Owner == "") != (got.Token == 0) || (got.Owner == "") != (got.Left == 0) {
			t.Errorf("%+v", got)
		}
		got.Token, got.Left = 0, 0
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
