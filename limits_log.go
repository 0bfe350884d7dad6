package exdesk

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"
)

// window is what one mailbox has spent, and what it has reserved. There may be
// many thousand, so it is packed.
type window struct {
	// log holds what was spent, oldest first, after 4 octets that tell how many
	// ticks lie between the first and the last. An entry is a varint of the ticks
	// since the one before, twice; and one more than that if it is not one message,
	// and three varints for its cost follow.
	log        []byte
	last       int64 // when the last counts from, in ticks
	bytes      int64 // spent and reserved, as the next two
	messages   int32
	recipients int32
}

// use is a cost that counts from a time on.
type use struct {
	at   int64
	cost Cost
}

const (
	// exact is how many entries a window keeps as they are, and into how many
	// parts it is divided for those beyond.
	exact = 1000
	// logHead is where the entries begin.
	logHead = 4
	// logKept is up to what length the memory of a log is kept when it is empty.
	logKept = 128
)

// used is all that counts.
func (b *window) used() Cost { return Cost{int(b.messages), b.bytes, int(b.recipients)} }

// add adds to what counts.
func (b *window) add(c Cost) {
	b.messages += int32(c.Messages)
	b.bytes += c.Bytes
	b.recipients += int32(c.Recipients)
}

// first is when the first entry counts from. There is one.
func (b *window) first() int64 { return b.last - int64(binary.LittleEndian.Uint32(b.log)) }

// forget drops what is as old as the window.
func (b *window) forget(now, per int64) {
	if len(b.log) == 0 || now-b.first() < per {
		return
	}
	at, rest := b.first(), b.log[logHead:]
	for len(rest) > 0 {
		since, cost, n := entry(rest)
		if len(rest) != len(b.log)-logHead {
			at += since
		}
		if now-at < per {
			break
		}
		b.add(Cost{}.minus(cost))
		rest = rest[n:]
	}
	switch {
	case len(rest) > 0:
		b.log = append(b.log[:logHead], rest...)
		b.spans(b.last - at)
	case cap(b.log) > logKept:
		b.log = nil
	default:
		b.log = b.log[:0]
	}
}

// spans notes how many ticks lie between the first entry and the last.
func (b *window) spans(ticks int64) {
	binary.LittleEndian.PutUint32(b.log, uint32(min(ticks, math.MaxUint32)))
}

// spent goes through the entries, oldest first.
func (b *window) spent() iter.Seq2[int64, Cost] {
	return func(yield func(int64, Cost) bool) {
		if len(b.log) == 0 {
			return
		}
		at, rest := b.first(), b.log[logHead:]
		for len(rest) > 0 {
			since, cost, n := entry(rest)
			if len(rest) != len(b.log)-logHead { // the first one's says nothing
				at += since
			}
			if !yield(at, cost) {
				return
			}
			rest = rest[n:]
		}
	}
}

// entry reads an entry, and returns its length.
func entry(log []byte) (since int64, c Cost, n int) {
	v, n := binary.Uvarint(log)
	if v&1 == 0 {
		return int64(v >> 1), Cost{Messages: 1}, n
	}
	number := func() uint64 {
		v, k := binary.Uvarint(log[n:])
		n += k
		return v
	}
	c = Cost{Messages: int(number()), Bytes: int64(number()), Recipients: int(number())}
	return int64(v >> 1), c, n
}

// append adds the entry that is the last.
func (b *window) append(at int64, c Cost) {
	if len(b.log) == 0 {
		b.log, b.last = append(b.log, 0, 0, 0, 0), at
	}
	span := at - b.first()
	since := uint64(at-b.last) << 1
	if c == (Cost{Messages: 1}) {
		b.log = binary.AppendUvarint(b.log, since)
	} else {
		b.log = binary.AppendUvarint(b.log, since|1)
		for _, n := range []uint64{uint64(c.Messages), uint64(c.Bytes), uint64(c.Recipients)} {
			b.log = binary.AppendUvarint(b.log, n)
		}
	}
	b.last = at
	b.spans(span)
}

// put enters a cost that counts already where it belongs. A part is what becomes
// one entry when there are too many.
func (b *window) put(at int64, cost Cost, part int64) {
	if len(b.log) == 0 || at >= b.last && len(b.log) <= exact { // an entry has an octet at least
		b.append(at, cost)
		return
	}
	var all []use
	for at, c := range b.spent() {
		all = append(all, use{at, c})
	}
	i := len(all) // of the first that is later
	for i > 0 && all[i-1].at > at {
		i--
	}
	alike := func(j int) bool { return 0 <= j && j < len(all) && all[j].at/part == at/part }
	switch many := len(all) >= exact; {
	case many && alike(i):
		all[i].cost = all[i].cost.plus(cost)
	case many && alike(i-1):
		all[i-1] = use{at, all[i-1].cost.plus(cost)}
	default:
		all = slices.Insert(all, i, use{at, cost})
	}
	b.log = b.log[:0]
	for _, u := range all {
		b.append(u.at, u.cost)
	}
}
