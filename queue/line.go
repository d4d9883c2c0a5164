package queue

import (
	"slices"
	"time"
)

// line is the upcoming items. Its array is shared with whoever was given the list, so
// an element is never written once it is in a list: pop and push leave all others where
// they are, everything else makes another array.
type line struct {
	items  []*Item
	length time.Duration // of all items
	gone   int           // items popped that the array still holds
}

func lengthOf(items []*Item) (sum time.Duration) {
	for _, it := range items {
		sum += it.Track.Length
	}
	return sum
}

// set replaces the items by the same ones in another order.
func (l *line) set(items []*Item) { l.items, l.gone = slices.Clip(items), 0 }

// pop takes the first item out.
func (l *line) pop() *Item {
	it := l.items[0]
	l.items = l.items[1:]
	l.length -= it.Track.Length
	if l.gone++; l.gone > len(l.items)+MaxHistory { // let go of them
		l.set(slices.Clone(l.items))
	}
	return it
}

// leave takes the first n items out.
func (l *line) leave(n int) {
	l.length -= lengthOf(l.items[:n])
	l.items = l.items[n:]
	l.gone += n // the next pop lets go of them
}

// push appends items.
func (l *line) push(items ...*Item) {
	if len(l.items)+len(items) > cap(l.items) {
		l.gone = 0
	}
	l.items = append(l.items, items...)
	l.length += lengthOf(items)
}

// insert puts items before the one at index i.
func (l *line) insert(i int, items ...*Item) {
	if i == len(l.items) {
		l.push(items...)
		return
	}
	l.set(slices.Concat(l.items[:i], items, l.items[i:]))
	l.length += lengthOf(items)
}

// weave puts each of items behind as many of the present ones as gaps, which
// ascend, says for it.
func (l *line) weave(items []*Item, gaps []int) {
	woven := make([]*Item, 0, len(l.items)+len(items))
	passed := 0
	for i, it := range items {
		woven = append(woven, l.items[passed:gaps[i]]...)
		woven = append(woven, it)
		passed = gaps[i]
	}
	l.set(append(woven, l.items[passed:]...))
	l.length += lengthOf(items)
}

// take removes the items chosen and returns them and the spot each was in, of those
// that stay. When it finds none it changes nothing.
func (l *line) take(chosen func(i int, it *Item) bool) (taken []*Item, spots []Spot) {
	stay := make([]*Item, 0, len(l.items))
	before := uint64(0)
	open := 0 // of the spots, how many have no item behind them yet
	for i, it := range l.items {
		if chosen(i, it) {
			taken, spots = append(taken, it), append(spots, Spot{before})
			open++
			continue
		}
		for ; open > 0; open-- {
			spots[len(spots)-open][1] = it.ID
		}
		stay, before = append(stay, it), it.ID
	}
	if len(taken) > 0 {
		l.set(stay)
		l.length -= lengthOf(taken)
	}
	return taken, spots
}

// drop is take for who does not want the items.
func (l *line) drop(chosen func(it *Item) bool) {
	stay := make([]*Item, 0, len(l.items))
	for _, it := range l.items {
		if chosen(it) {
			l.length -= it.Track.Length
		} else {
			stay = append(stay, it)
		}
	}
	l.set(stay)
}

// spot returns the spot the item at index i is in.
func (l *line) spot(i int) (s Spot) {
	if i > 0 {
		s[0] = l.items[i-1].ID
	}
	if i+1 < len(l.items) {
		s[1] = l.items[i+1].ID
	}
	return s
}

// move takes the item at index from and puts it at index to.
func (l *line) move(from, to int) {
	items := slices.Clone(l.items)
	it := items[from]
	if from < to {
		copy(items[from:to], items[from+1:to+1])
	} else {
		copy(items[to+1:from+1], items[to:from])
	}
	items[to] = it
	l.set(items)
}

// index returns the index of each item by its ID.
func (l *line) index() map[uint64]int {
	index := make(map[uint64]int, len(l.items))
	for i, it := range l.items {
		index[it.ID] = i
	}
	return index
}

// ids returns the order of the items.
func (l *line) ids() []uint64 {
	ids := make([]uint64, len(l.items))
	for i, it := range l.items {
		ids[i] = it.ID
	}
	return ids
}
