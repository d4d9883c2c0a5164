package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
)

func queueCommands() []*command {
	return []*command{
		{name: "queue", about: aboutQueue, topic: topicQueue, private: true, run: showQueue, options: options(
			integer("page", aboutQueuePage, 1, maxIndex),
		)},
		{name: "nowplaying", about: aboutNow, topic: topicQueue, private: true, run: nowPlaying},
		{name: "jump", about: aboutJump, topic: topicQueue, needs: needsControl, right: rightMusic, run: jump, suggest: suggestUpcoming, options: options(
			required(suggested(text("track", aboutTrackOption))),
		)},
		{name: "move", about: aboutMove, topic: topicQueue, needs: needsControl, right: rightMusic, run: move, suggest: suggestUpcoming, options: options(
			required(suggested(text("track", aboutTrackOption))),
			required(integer("to", aboutMoveTo, 1, maxIndex)),
		)},
		{name: "remove", about: aboutRemove, topic: topicQueue, needs: needsControl, right: rightAdd, run: remove, suggest: suggestUpcoming, options: options(
			required(suggested(text("track", aboutTrackOption))),
			integer("to", aboutRemoveTo, 1, maxIndex),
		)},
		{name: "clean", about: aboutClean, topic: topicQueue, subs: []*command{
			{name: "person", about: aboutCleanPerson, needs: needsControl, right: rightMusic, run: cleanPerson, options: options(
				required(person("user", aboutCleanUser)),
			)},
			{name: "mine", about: aboutCleanMine, needs: needsControl, right: rightAdd, run: cleanMine},
			{name: "absent", about: aboutCleanAbsent, needs: needsControl, right: rightMusic, run: cleanAbsent},
			{name: "duplicates", about: aboutCleanDuplicates, needs: needsControl, right: rightMusic, run: cleanDuplicates},
		}},
		{name: "clear", about: aboutClear, topic: topicQueue, needs: needsControl, right: rightMusic, run: clearQueue},
		{name: "shuffle", about: aboutShuffle, topic: topicQueue, needs: needsControl, right: rightMusic, run: shuffle},
		{name: "undo", about: aboutUndo, topic: topicQueue, needs: needsControl, right: rightMusic, run: undo},
		{name: "fair", about: aboutFair, topic: topicQueue, needs: needsControl, right: rightMusic, run: fair, options: options(
			required(oneOf("mode", aboutFairMode, modeOn, modeOff)),
		)},
		{name: "loop", about: aboutLoop, topic: topicQueue, needs: needsControl, right: rightMusic, private: true, run: loop, options: options(
			required(oneOf("mode", aboutLoopMode, queue.Off.String(), queue.Track.String(), queue.All.String())),
		)},
	}
}

// itemPrefix begins the value of a suggested track: its item ID follows, which nobody can
// have moved meanwhile.
const itemPrefix = "item:"

// suggestUpcoming offers upcoming tracks by their numbers and what is typed of their names.
func suggestUpcoming(_ context.Context, c *call, _, typed string) []choice {
	typed = strings.ToLower(strings.TrimSpace(typed))
	var found []choice
	for i, item := range c.status.Queue {
		if len(found) == maxChoices {
			break
		}
		number := strconv.Itoa(i + 1)
		name := plainTitle(item.Track)
		if item.Track.Artist != "" {
			name += " – " + string(clean(item.Track.Artist))
		}
		if typed == "" || strings.HasPrefix(number, typed) || strings.Contains(strings.ToLower(name), typed) {
			found = append(found, choice{number + ". " + name, itemPrefix + strconv.FormatUint(item.ID, 10)})
		}
	}
	return found
}

// upcoming finds the upcoming track that was chosen or whose number was typed.
func (c *call) upcoming(typed string) (queue.Item, int, error) {
	typed = strings.TrimSpace(typed)
	if id, is := strings.CutPrefix(typed, itemPrefix); is {
		number, err := strconv.ParseUint(id, 10, 64)
		at := slices.IndexFunc(c.status.Queue, func(it *queue.Item) bool { return it.ID == number })
		if err != nil || at < 0 {
			return queue.Item{}, 0, fault.New(fault.NotFound, textGone)
		}
		return *c.status.Queue[at], at, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(typed, "."))
	switch {
	case len(c.status.Queue) == 0:
		return queue.Item{}, 0, fault.New(fault.Invalid, textQueueEmpty)
	case err != nil:
		return queue.Item{}, 0, fault.Newf(fault.Invalid, textNoNumber, plain(typed))
	case n < 1 || n > len(c.status.Queue):
		return queue.Item{}, 0, fault.Newf(fault.Invalid, textNoSuchNumber, n, len(c.status.Queue))
	}
	return *c.status.Queue[n-1], n - 1, nil
}

func jump(ctx context.Context, c *call) (reply, error) {
	item, _, err := c.upcoming(c.text("track"))
	if err != nil {
		return reply{}, err
	}
	if err := c.mayEnd(c.status); err != nil {
		return reply{}, err
	}
	_, err = c.do(ctx, player.Jump{Item: item.ID})
	return reply{text: c.w.Say(textPlaying, c.w.bold(item.Track))}, err
}

func move(ctx context.Context, c *call) (reply, error) {
	to, _ := c.number("to")
	item, _, err := c.upcoming(c.text("track"))
	if err != nil {
		return reply{}, err
	}
	_, err = c.do(ctx, player.Move{Item: item.ID, To: to - 1})
	return reply{text: c.w.Say(textMoved, c.w.bold(item.Track), to)}, err
}

// remove takes out one track, or all to another number. Who asked for a track may always
// take it out where the server grants that; all else takes a DJ's rights.
func remove(ctx context.Context, c *call) (reply, error) {
	item, at, err := c.upcoming(c.text("track"))
	if err != nil {
		return reply{}, err
	}
	to, several := c.number("to")
	if !c.isDJ() && (several || !c.owns(item)) {
		return reply{}, fault.Newf(fault.Denied, textDJOnlyOthers, mentions(c.chosen.DJRoles))
	}
	if !several {
		_, err = c.do(ctx, player.Remove{Item: item.ID})
		return reply{text: c.w.Say(textRemoved, c.w.bold(item.Track))}, err
	}
	s, err := c.do(ctx, player.RemoveRange{From: at, To: to - 1})
	return c.removed(s), err
}

// owns reports whether whoever asked may do with an item as they like: it is theirs.
func (c *call) owns(item queue.Item) bool {
	return c.chosen.RequesterRights && item.Requester == queue.UserID(c.user)
}

// removed counts what a command took out of the queue.
func (c *call) removed(s player.Status) reply {
	if len(s.Dropped) == 0 {
		return reply{text: c.w.Say(textNoneRemoved)}
	}
	return reply{text: c.w.Say(textRemoved, c.w.tracks(len(s.Dropped)))}
}

func cleanPerson(ctx context.Context, c *call) (reply, error) {
	s, err := c.do(ctx, player.RemoveBy{Users: []queue.UserID{queue.UserID(parseID(c.text("user")))}})
	return c.removed(s), err
}

func cleanMine(ctx context.Context, c *call) (reply, error) {
	if !c.isDJ() && !c.chosen.RequesterRights {
		return reply{}, fault.Newf(fault.Denied, textDJOnly, mentions(c.chosen.DJRoles))
	}
	s, err := c.do(ctx, player.RemoveBy{Users: []queue.UserID{queue.UserID(c.user)}})
	return c.removed(s), err
}

// cleanAbsent takes out what people asked for who are no longer in the voice channel.
func cleanAbsent(ctx context.Context, c *call) (reply, error) {
	there, _ := c.b.opts.Voice.ChannelInfo(c.status.Channel)
	s, err := c.do(ctx, player.RemoveExcept{Users: requesters(there.Members)})
	return c.removed(s), err
}

func requesters(people []snowflake.ID) []queue.UserID {
	all := make([]queue.UserID, len(people))
	for i, id := range people {
		all[i] = queue.UserID(id)
	}
	return all
}

func cleanDuplicates(ctx context.Context, c *call) (reply, error) {
	s, err := c.do(ctx, player.RemoveDuplicates{})
	return c.removed(s), err
}

func clearQueue(ctx context.Context, c *call) (reply, error) {
	s, err := c.do(ctx, player.Clear{})
	return reply{text: c.w.Say(textCleared, c.w.tracks(len(s.Dropped)))}, err
}

func shuffle(ctx context.Context, c *call) (reply, error) {
	s, err := c.do(ctx, player.Shuffle{})
	return reply{text: c.w.Say(textShuffled, c.w.tracks(len(s.Queue)))}, err
}

// undone says what was taken back.
var undone = map[queue.Op]string{
	queue.OpAdd:        textUndoneAdd,
	queue.OpSkip:       textUndoneSkip,
	queue.OpRemove:     textUndoneRemove,
	queue.OpRange:      textUndoneRemove,
	queue.OpBy:         textUndoneRemove,
	queue.OpExcept:     textUndoneRemove,
	queue.OpDuplicates: textUndoneRemove,
	queue.OpClear:      textUndoneClear,
	queue.OpStop:       textUndoneStop,
	queue.OpMove:       textUndoneMove,
	queue.OpShuffle:    textUndoneShuffle,
	queue.OpLoop:       textUndoneLoop,
	queue.OpFair:       textUndoneFair,
}

func undo(ctx context.Context, c *call) (reply, error) {
	s, err := c.do(ctx, player.Undo{})
	text, known := undone[s.Undone]
	if !known {
		text = textUndone
	}
	return reply{text: c.w.Say(text)}, err
}

func fair(ctx context.Context, c *call) (reply, error) {
	on, err := c.mode()
	if err != nil {
		return reply{}, err
	}
	_, err = c.do(ctx, player.Fair{On: on})
	if on {
		return reply{text: c.w.Say(textFairOn)}, err
	}
	return reply{text: c.w.Say(textFairOff)}, err
}

// mode reads an option that is on or off.
func (c *call) mode() (on bool, err error) {
	switch mode := c.text("mode"); mode {
	case modeOn, modeOff:
		return mode == modeOn, nil
	}
	return false, fault.New(fault.Invalid, textBadMode)
}

func loop(ctx context.Context, c *call) (reply, error) {
	mode, err := queue.ParseLoop(c.text("mode"))
	if err != nil {
		return reply{}, fault.Wrap(fault.Invalid, textBadLoop, err)
	}
	_, err = c.do(ctx, player.Loop{Mode: mode})
	return reply{text: c.w.loopText(mode)}, err
}

func (w tongue) loopText(mode queue.Loop) string {
	switch mode {
	case queue.Track:
		return w.Say(textLoopTrack)
	case queue.All:
		return w.Say(textLoopQueue)
	}
	return w.Say(textLoopOff)
}

// in says how long it takes until an upcoming track plays, empty when nobody knows.
func (w tongue) in(s player.Status, index int) string {
	wait, known := s.Until(index)
	if !known || s.State == player.StatePaused {
		return ""
	}
	return w.Say(textInTime, clock(wait.Round(time.Second)))
}
