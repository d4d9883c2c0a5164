package dca

import "busker/opus/toc"

const (
	// indexEvery packets of 20 ms are 5 s.
	indexEvery = 250
	// indexEntries is the most an index grows to: 85 minutes at 5 s each. Beyond that
	// the entries lie twice as far apart, and so on.
	indexEntries = 1024
	// maxIndexed bounds what a file's own index is believed, per number in it.
	maxIndexed = 1 << 30
	// maxEntries are taken from a file's own index.
	maxEntries = 1 << 16
)

// marks returns the places an index knows; none if it is nonsense.
func (x *Index) marks() []mark {
	if x == nil || x.Packet < 1 || x.Packet > maxPacketSamples || x.Every < 1 || x.Every > maxIndexed || len(x.Bytes) > maxEntries {
		return nil
	}
	list := make([]mark, 0, len(x.Bytes))
	at := mark{}
	for _, n := range x.Bytes {
		if n < x.Every*(lengthBytes+1) || n > maxIndexed {
			return nil
		}
		at.sample += int64(x.Every) * int64(x.Packet)
		at.offset += int64(n)
		list = append(list, at)
	}
	return list
}

// maxPacketSamples is the most one packet can hold.
const maxPacketSamples = int(toc.MaxDuration * 48000 / 1e9)

// indexer makes the Index of what is written. It allocates nothing once it is made.
type indexer struct {
	index Index
	count int // packets since the last entry
	bytes int // of them
	mixed bool
}

func newIndexer() indexer {
	return indexer{index: Index{Every: indexEvery, Bytes: make([]int, 0, indexEntries)}}
}

// add takes note of a packet.
func (x *indexer) add(samples, bytes int) {
	if x.index.Packet == 0 {
		x.index.Packet = samples
	}
	x.mixed = x.mixed || samples != x.index.Packet
	x.count++
	x.bytes += bytes
	if x.count < x.index.Every {
		return
	}
	if len(x.index.Bytes) == indexEntries {
		x.index = x.index.halved()
		return
	}
	x.index.Bytes = append(x.index.Bytes, x.bytes)
	x.count, x.bytes = 0, 0
}

// halved returns x with every second entry left out, in x's memory.
func (x Index) halved() Index {
	n := len(x.Bytes) / 2
	for i := range n {
		x.Bytes[i] = x.Bytes[2*i] + x.Bytes[2*i+1]
	}
	x.Bytes, x.Every = x.Bytes[:n], 2*x.Every
	return x
}

// result returns the index, nil when there is nothing to tell.
func (x *indexer) result() *Index {
	if x.mixed || len(x.index.Bytes) == 0 {
		return nil
	}
	i := x.index
	i.Bytes = append([]int(nil), i.Bytes...)
	return &i
}
