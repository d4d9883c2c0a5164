package emulator

// Fences are what Discord does for a bot of several processes, counted: which of two that
// act on one thing it let through. They say what the processes tried, not what they did.
type Fences struct {
	Interactions  int // made by people
	Answered      int // first answers that were taken
	AnsweredTwice int // first answers refused with 40060: somebody else had answered
	AnsweredLate  int // refused with 10062: nobody had answered in time
	AnsweredWrong int // refused with 10062: there is no such interaction

	Identifies       int // gateway sessions that began
	IdentifiesEarly  int // that were refused: before their turn, or beyond the day's
	Resumes          int // gateway sessions that went on on another socket
	SessionsReplaced int // of these, while the socket before still was connected
	VoiceReplaced    int // voice sessions that ended because a newer one of the bot began in that guild
	MediaRefused     int // voice packets of sessions that had ended; a listener's Report has them by session
}

// Fences returns the counts since the emulator was made.
func (e *Emulator) Fences() Fences {
	answers, sockets, voice := e.world.Answers(), e.gateway.Stats(), e.voice.Stats()
	return Fences{
		Interactions: answers.Made, Answered: answers.Taken, AnsweredTwice: answers.Twice,
		AnsweredLate: answers.Late, AnsweredWrong: answers.Unknown,
		Identifies: sockets.Identifies, IdentifiesEarly: sockets.Refused, Resumes: sockets.Resumes, SessionsReplaced: sockets.TakenOver,
		VoiceReplaced: int(voice.Replaced), MediaRefused: int(voice.Refused),
	}
}
