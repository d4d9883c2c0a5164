package bot

// What the card and its buttons say, and what the bot says of the voice channel by itself.
const (
	textResting     = "I am being restarted. The music goes on in a moment."
	textReturning   = "I have just been restarted, and the music goes on in a moment. Try again then."
	textAnnounce    = "Now playing: %s" // track
	textIsHeld      = "Waiting for listeners"
	textInAudience  = "Waiting for the invitation to speak"
	textIsMuted     = "Waiting: I am muted on this server"
	textSleepsAt    = "Stops <t:%s:R>" // Unix time
	textSleepsAfter = "Stops after this track"
	textSignPaused  = "%s (paused)"                                        // track
	textCardLacks   = "I cannot show what plays in <#%s>. I lack: **%s**." // channel, permissions

	textSlept     = "Good night: the sleep timer stopped the music. The queue is kept; `/resume` goes on with it."
	textLeftIdle  = "Nothing was playing any more, so I left. `/play` brings me back."
	textLeftAlone = "Nobody was listening any more, so I left. The queue is kept; `/join` brings me back."
	textNoReturn  = "I could not go back to <#%s> after the restart: %s The queue is kept; `/join` brings me back." // channel, why
	textAsked     = "I asked to speak in <#%s>. The music starts when a moderator lets me."
	textInvite    = "In <#%s> I am in the audience. The music starts when a moderator invites me to speak."

	labelPrevious  = "Previous"
	labelLike      = "Like"
	labelEffects   = "Effects"
	labelQueue     = "Queue"
	labelMore      = "More"
	labelRewind    = "Back 10 s"
	labelForwardBy = "Forward 10 s"
	labelReplay    = "From the start"
	labelSofter    = "Softer"
	labelLouder    = "Louder"
	labelFairOn    = "Fair queue: on"
	labelFairOff   = "Fair queue: off"
	labelStayOn    = "24/7: on"
	labelStayOff   = "24/7: off"
	labelUndo      = "Undo"
	labelLeave     = "Leave"

	placeholderUpNext = "Up next: choose what to play"

	titleEffects = "Effects"
)
