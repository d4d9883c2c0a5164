package gateway

import (
	"encoding/binary"
	"errors"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
)

// A guild in the cluster's cache, for the next owner of its shard: a RESUME brings no
// GUILD_CREATE. Numbers are little endian; n is a uvarint, a string is n bytes, a list
// is n of its elements.
//
//	version  1 byte, 1
//	flags    1 byte: snapshotHere, snapshotWanted, snapshotStatus
//	owner    8 bytes
//	locale   string
//	session  string
//	roles    list of: id 8, permissions 8
//	channels list of: id 8, kind n, name string, bitrate n, user limit n,
//	         list of overwrites: id 8, member 1, allow 8, deny 8
//	voice    list of: user 8, channel 8, flags 1: seatBot, seatDeaf, …
//	own      list of: role 8
//	status   list of: channel 8, string
const snapshotVersion = 1

const (
	snapshotHere = 1 << iota
	snapshotWanted
	snapshotStatus
)

const (
	seatBot = 1 << iota
	seatDeaf
	seatSilenced
	seatAsked
)

// encode writes a guild; wanted is whether the bot is to be in its voice.
func (g *guild) encode(wanted bool) []byte {
	w := encoder{buf: make([]byte, 0, 64+16*len(g.roles)+96*len(g.channels)+17*len(g.voice))}
	w.byte(snapshotVersion)
	w.byte(bit(g.here, snapshotHere) | bit(wanted, snapshotWanted) | bit(g.status != nil, snapshotStatus))
	w.id(g.owner)
	w.string(g.locale)
	w.string(g.session)
	w.number(len(g.roles))
	for role, permissions := range g.roles {
		w.id(role)
		w.long(permissions)
	}
	w.number(len(g.channels))
	for of, ch := range g.channels {
		w.id(of)
		w.channel(ch)
	}
	w.number(len(g.voice))
	for user, s := range g.voice {
		w.id(user)
		w.id(s.channel)
		w.byte(bit(s.bot, seatBot) | bit(s.deaf, seatDeaf) | bit(s.silenced, seatSilenced) | bit(s.asked, seatAsked))
	}
	w.number(len(g.own))
	for _, role := range g.own {
		w.id(role)
	}
	w.number(len(g.status))
	for of, line := range g.status {
		w.id(of)
		w.string(line)
	}
	return w.buf
}

func bit(is bool, of byte) byte {
	if is {
		return of
	}
	return 0
}

type encoder struct{ buf []byte }

func (w *encoder) byte(b byte)        { w.buf = append(w.buf, b) }
func (w *encoder) number(n int)       { w.buf = binary.AppendUvarint(w.buf, uint64(max(0, n))) }
func (w *encoder) long(v int64)       { w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(v)) }
func (w *encoder) id(of snowflake.ID) { w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(of)) }
func (w *encoder) string(s string)    { w.number(len(s)); w.buf = append(w.buf, s...) }
func (w *encoder) channel(ch *channel) {
	w.number(int(ch.kind))
	w.string(ch.name)
	w.number(ch.bitrate)
	w.number(ch.userLimit)
	w.number(len(ch.overwrites))
	for _, o := range ch.overwrites {
		w.id(o.id)
		w.byte(bit(o.member, 1))
		w.long(o.allow)
		w.long(o.deny)
	}
}

var errSnapshot = errors.New("snapshot of a guild is damaged")

// decodeGuild reads what encode wrote.
func decodeGuild(b []byte) (g *guild, wanted bool, err error) {
	r := decoder{buf: b}
	if r.byte() != snapshotVersion {
		return nil, false, errSnapshot
	}
	flags := r.byte()
	g = &guild{here: flags&snapshotHere != 0, owner: r.id(), locale: r.string(), session: r.string()}
	g.roles = make(map[snowflake.ID]int64, r.count(16))
	for range r.n {
		g.roles[r.id()] = r.long()
	}
	g.channels = make(map[snowflake.ID]*channel, r.count(13))
	for range r.n {
		of := r.id()
		g.channels[of] = r.channel()
	}
	g.voice = make(map[snowflake.ID]seat, r.count(17))
	for range r.n {
		user := r.id()
		g.voice[user] = r.seat()
	}
	g.own = make([]snowflake.ID, r.count(8))
	for i := range g.own {
		g.own[i] = r.id()
	}
	status := make(map[snowflake.ID]string, r.count(9))
	for range r.n {
		of := r.id()
		status[of] = r.string()
	}
	if flags&snapshotStatus != 0 {
		g.status = status
	}
	if r.short || len(r.buf) > 0 {
		return nil, false, errSnapshot
	}
	return g, flags&snapshotWanted != 0, nil
}

// decoder reads until something is missing; from then on everything is zero.
type decoder struct {
	buf   []byte
	short bool
	n     int // of the newest count
}

func (r *decoder) take(n int) []byte {
	if r.short || n < 0 || n > len(r.buf) {
		r.short, r.buf = true, nil
		return nil
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *decoder) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *decoder) long() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (r *decoder) id() snowflake.ID { return snowflake.ID(r.long()) }

func (r *decoder) number() int {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 || v > 1<<31 {
		r.short, r.buf = true, nil
		return 0
	}
	r.buf = r.buf[n:]
	return int(v)
}

func (r *decoder) string() string { return string(r.take(r.number())) }

// count reads how many elements follow, of at least size bytes each.
func (r *decoder) count(size int) int {
	r.n = r.number()
	if r.n*size > len(r.buf) {
		r.short, r.buf, r.n = true, nil, 0
	}
	return r.n
}

func (r *decoder) channel() *channel {
	outer := r.n
	ch := &channel{kind: discordgo.ChannelType(r.number()), name: r.string(), bitrate: r.number(), userLimit: r.number()}
	for range r.count(25) {
		ch.overwrites = append(ch.overwrites, overwrite{id: r.id(), member: r.byte() != 0, allow: r.long(), deny: r.long()})
	}
	r.n = outer
	return ch
}

func (r *decoder) seat() seat {
	s := seat{channel: r.id()}
	flags := r.byte()
	s.bot, s.deaf = flags&seatBot != 0, flags&seatDeaf != 0
	s.silenced, s.asked = flags&seatSilenced != 0, flags&seatAsked != 0
	return s
}
