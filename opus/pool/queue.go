package pool

// queue is a binary heap of Turns: the earliest deadline first, then who came first. It
// lives in the Turns' own place fields, so that waiting allocates nothing.
type queue []*Turn

func (q *queue) push(t *Turn) {
	t.place = len(*q)
	*q = append(*q, t)
	q.up(t.place)
}

func (q *queue) pop() *Turn {
	t := (*q)[0]
	q.remove(t)
	return t
}

func (q *queue) remove(t *Turn) {
	i, last := t.place, len(*q)-1
	q.swap(i, last)
	(*q)[last] = nil
	*q = (*q)[:last]
	if i < last {
		q.down(i)
		q.up(i)
	}
}

func (q queue) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !q.before(i, parent) {
			return
		}
		q.swap(i, parent)
		i = parent
	}
}

func (q queue) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(q) {
			return
		}
		if child+1 < len(q) && q.before(child+1, child) {
			child++
		}
		if !q.before(child, i) {
			return
		}
		q.swap(i, child)
		i = child
	}
}

func (q queue) before(i, j int) bool {
	a, b := q[i], q[j]
	if a.deadline != b.deadline {
		return a.deadline < b.deadline
	}
	return a.arrival < b.arrival
}

func (q queue) swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// turns is a list of Turns, linked through themselves, in the order they were appended.
type turns struct {
	first, last *Turn
	count       int
}

func (l *turns) append(t *Turn) {
	t.prev, t.next = l.last, nil
	if l.last != nil {
		l.last.next = t
	} else {
		l.first = t
	}
	l.last = t
	l.count++
}

func (l *turns) remove(t *Turn) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		l.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		l.last = t.prev
	}
	t.prev, t.next = nil, nil
	l.count--
}
