package delivery

import "slices"

// leaves are who sits where in the tree, nil for a blank leaf; their number is a
// power of two. They follow the accepted commits (RFC 9420 §7.7, §7.8).
type leaves []*Seat

// remove blanks a leaf.
func (l leaves) remove(i int) { l[i] = nil }

// truncate cuts the tree to its left half while the right half is blank.
func (l leaves) truncate() leaves {
	for len(l) > 1 && !slices.ContainsFunc(l[len(l)/2:], func(m *Seat) bool { return m != nil }) {
		l = l[:len(l)/2]
	}
	return slices.Clip(l)
}

// add puts m on the leftmost blank leaf, doubling the tree if there is none.
func (l leaves) add(m *Seat) (leaves, int) {
	i := slices.Index(l, nil)
	if i < 0 {
		i = len(l)
		l = append(l, make(leaves, max(len(l), 1))...)
	}
	l[i] = m
	return l, i
}
