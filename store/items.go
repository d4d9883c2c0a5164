package store

import (
	"context"
	"database/sql"
	"fmt"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

// keptChange is a queue.Change with ids in place of items.
type keptChange struct {
	queue.Change
	Items []uint64 `json:"items,omitempty"`
}

// keptStep is a queue.Step, and keptState a queue.State, likewise.
type keptStep struct {
	queue.Step
	Items []uint64 `json:"items,omitempty"`
}

type keptState struct {
	queue.State
	Current  uint64     `json:"current,omitempty"`
	Upcoming []uint64   `json:"upcoming,omitempty"`
	Played   []uint64   `json:"played,omitempty"`
	Undo     []keptStep `json:"undo,omitempty"`
}

func changeWithIDs(c *queue.Change) keptChange {
	return keptChange{Change: *c, Items: idsOf(c.Items, nil)}
}

// stateWithIDs returns a State without its items, and the items.
func stateWithIDs(s *queue.State) (keptState, map[uint64]*queue.Item) {
	items := make(map[uint64]*queue.Item, len(s.Upcoming)+len(s.Played)+1)
	kept := keptState{State: *s, Upcoming: idsOf(s.Upcoming, items), Played: idsOf(s.Played, items)}
	if s.Current != nil {
		kept.Current = s.Current.ID
		items[s.Current.ID] = s.Current
	}
	for i := range s.Undo {
		kept.Undo = append(kept.Undo, keptStep{Step: s.Undo[i], Items: idsOf(s.Undo[i].Items, items)})
	}
	return kept, items
}

// idsOf lists the ids of items and adds the items to all, which may be nil.
func idsOf(items []*queue.Item, all map[uint64]*queue.Item) []uint64 {
	if items == nil {
		return nil
	}
	ids := make([]uint64, len(items))
	for i, it := range items {
		ids[i] = it.ID
		if all != nil {
			all[it.ID] = it
		}
	}
	return ids
}

const itemColumns = "queue_item (guild, item, requester, track)"

func appendItems(rows [][]any, guild snowflake.ID, items []*queue.Item) [][]any {
	for _, it := range items {
		rows = append(rows, []any{int64(guild), int64(it.ID), int64(it.Requester), encode(it.Track)})
	}
	return rows
}

// loadQueue reads the log and puts items where ids are.
func loadQueue(ctx context.Context, tx *transaction, guild snowflake.ID, state string, saved *session.Saved) error {
	var kept keptState
	if state != "" {
		if err := decode(state, &kept); err != nil {
			return err
		}
	}
	steps, err := loadSteps(ctx, tx, guild, kept.Seq)
	if err != nil || state == "" && len(steps) == 0 {
		return err
	}
	saved.Found = true
	items := stock{}
	if err := items.load(ctx, tx, guild); err != nil {
		return err
	}
	saved.Queue = items.state(kept)
	for i := range steps {
		c := steps[i].Change
		c.Items = items.pick(steps[i].Items)
		saved.Log = append(saved.Log, c)
	}
	if missing := items[0]; missing != nil {
		return fault.Wrap(fault.Corrupt, textDamaged, fmt.Errorf("guild %d: item %d is missing", guild, missing.ID))
	}
	return nil
}

func loadSteps(ctx context.Context, tx *transaction, guild snowflake.ID, after uint64) (steps []keptChange, err error) {
	err = tx.query(ctx, `SELECT change FROM queue_change WHERE guild = $1 AND seq > $2 ORDER BY seq`,
		[]any{int64(guild), int64(after)}, func(rows *sql.Rows) error {
			var text string
			var c keptChange
			if err := rows.Scan(&text); err != nil {
				return err
			}
			err := decode(text, &c)
			steps = append(steps, c)
			return err
		})
	return steps, err
}

// stock are items by id. What was asked for and is not there is noted under 0, which no
// item has.
type stock map[uint64]*queue.Item

func (s stock) load(ctx context.Context, tx *transaction, guild snowflake.ID) error {
	return tx.query(ctx, `SELECT item, requester, track FROM queue_item WHERE guild = $1`, []any{int64(guild)},
		func(rows *sql.Rows) error {
			var id, requester int64
			var text string
			if err := rows.Scan(&id, &requester, &text); err != nil {
				return err
			}
			it := &queue.Item{ID: uint64(id), Requester: queue.UserID(requester)}
			err := decode(text, &it.Track)
			s[it.ID] = it
			return err
		})
}

func (s stock) state(kept keptState) queue.State {
	state := kept.State
	state.Upcoming, state.Played, state.Undo = s.pick(kept.Upcoming), s.pick(kept.Played), nil
	if kept.Current != 0 {
		state.Current = s.pick([]uint64{kept.Current})[0]
	}
	for i := range kept.Undo {
		step := kept.Undo[i].Step
		step.Items = s.pick(kept.Undo[i].Items)
		state.Undo = append(state.Undo, step)
	}
	return state
}

func (s stock) pick(ids []uint64) []*queue.Item {
	if ids == nil {
		return nil
	}
	items := make([]*queue.Item, len(ids))
	for i, id := range ids {
		it, ok := s[id]
		if !ok {
			s[0] = &queue.Item{ID: id}
		}
		items[i] = it
	}
	return items
}
