package store_test

import (
	"context"
	"testing"

	"busker/queue"
	"busker/session"
	"busker/store"
	"busker/store/storetest"
)

// TestADamagedQueueNamesNobody after an erasure, which it does not stop either.
func TestADamagedQueueNamesNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{})
		ctx := context.Background()
		by := queue.Change{Seq: 5, Op: queue.OpBy, Users: []queue.UserID{queue.UserID(ann)}}
		no(t, saveTo(ctx, s, []session.Change{{Guild: cafe, Queue: []queue.Change{by}}}))
		lost := queue.Change{Seq: 1, Op: queue.OpAdd, Items: []*queue.Item{{ID: 1, Requester: queue.UserID(ann)}, {ID: 2, Requester: queue.UserID(ann)}}}
		by.Seq = 2
		no(t, saveTo(ctx, s, []session.Change{{Guild: cafe + 1, Queue: []queue.Change{lost, by}}}))
		_, err := s.DB().ExecContext(ctx, `DELETE FROM queue_item WHERE item = 2`)
		no(t, err)
		_, err = s.Erase(ctx, ann)
		no(t, err)
		var left int
		no(t, s.DB().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM queue_change WHERE change LIKE $1) +
			(SELECT count(*) FROM queue_item WHERE requester = $2)`, "%"+ann.String()+"%", int64(ann)).Scan(&left))
		if left != 0 {
			t.Errorf("%d rows name the person", left)
		}
	})
}
