package ogg

// Cutter puts packets together out of the pages of one logical stream
// (RFC 3533 §5): a page's lacing values each add to a packet, 255 says that it
// goes on, less that it ends, and a packet may go on to the next page.
type Cutter struct {
	Limit int // bytes of a packet that are kept

	next    uint32 // sequence number the next page should have
	open    bool   // the last packet goes on; tail is what there is of it
	tail    []byte
	joined  []byte // the packet that began on an earlier page and ends on this one
	packets [][]byte
}

// Cut returns the packets that end on p, each cut off at limit. They are valid as
// long as p and until the next call. A packet whose beginning is missing is left
// out.
func (c *Cutter) Cut(p *Page) [][]byte {
	continued := p.Flags&Continued != 0
	join := continued && c.open && p.Sequence == c.next
	lost := continued && !join
	c.next = p.Sequence + 1
	c.packets = c.packets[:0]
	if join {
		c.joined, c.tail = c.tail, c.joined
	}
	c.open = join && len(p.Lacing) == 0
	for body, i := p.Body, 0; i < len(p.Lacing); {
		part, n, ends := segment(body, p.Lacing[i:])
		body, i = body[len(part):], i+n
		if join {
			c.joined = c.grow(c.joined, part)
			part = c.joined
		}
		switch {
		case lost:
		case ends:
			c.packets = append(c.packets, part[:min(len(part), c.Limit)])
		case join:
			c.open = true
			c.joined, c.tail = c.tail, c.joined
		default:
			c.open = true
			c.tail = c.grow(c.tail[:0], part)
		}
		lost, join = false, false
	}
	return c.packets
}

// Shrink gives back memory that only large packets needed, such as headers with
// pictures. Packets that Cut returned stay valid as they were.
func (c *Cutter) Shrink() {
	c.joined = nil
	if !c.open {
		c.tail = nil
	}
}

// segment returns the part of one packet at the front of body, how many lacing
// values it has, and whether the packet ends with it.
func segment(body, lacing []byte) (part []byte, n int, ends bool) {
	size := 0
	for n < len(lacing) && !ends {
		size += int(lacing[n])
		ends = lacing[n] < 255
		n++
	}
	return body[:size], n, ends
}

func (c *Cutter) grow(dst, part []byte) []byte {
	return append(dst, part[:max(0, min(len(part), c.Limit-len(dst)))]...)
}
