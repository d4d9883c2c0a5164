package bot

// Everything the bot says. Each text with a verb is a format for fmt.Sprintf; its
// comment names the arguments where they do not explain themselves. Titles and
// names come escaped.
const (
	textWrong      = "Something went wrong. If it happens again, tell the operator this number: `%s`."
	textStopping   = "I am being restarted. Try again in a minute."
	textOnlyGuild  = "I only play music in servers."
	textOldButton  = "This button is from an older version of me. Use `/nowplaying` for a new one."
	textStaleCard  = "That track is over. Use the newest card."
	textUnusedCard = "I no longer keep that card. `/nowplaying` brings a new one."
	textUnused     = "This card is no longer in use."
	textUnknown    = "I do not know this command any more. Type `/` to see what I can do."

	textBlocked       = "The people who run this server do not let you use me."
	textBlockedHere   = "I take no commands in this channel."
	textElsewhereText = "On this server I take commands in <#%s>."
	textManagersOnly  = "Only who may manage the server can change that."
	textRoleOnly      = "On this server that takes one of these roles: %s."
	textDJOnly        = "On this server only DJs control the music: %s. You can still add tracks with `/play`."

	textNoVoice   = "Join a voice channel first."
	textElsewhere = "I am playing in <#%s>. Join that channel to control the music."
	textNotInside = "I am not in a voice channel."
	textMissing   = "I am not allowed to play in <#%s>. I lack: **%s**."
	textFull      = "<#%s> is full."

	textNothing    = "Nothing is playing. Start with `/play`."
	textNoQuery    = "Tell me what to play: a link, a file name, or an attached file."
	textNoFile     = "Discord did not send me the attached file. Try again."
	textPlaying    = "Playing %s."
	textQueued     = "Added %s to the queue as number %d."
	textQueuedList = "Added %s from %s." // "3 tracks"
	textQueuedMany = "Added %s."

	textManyLookups = "Too many people are looking for music right now. Try again in a minute."
	textSlowLookup  = "Finding that took too long. Try again, or try another link."

	textJoined     = "I am in <#%s>."
	textLeft       = "Bye."
	textPaused     = "Paused."
	textResumed    = "Playing again."
	textSkipped    = "Skipped %s."
	textStopped    = "Stopped, and emptied the queue."
	textSeeked     = "Now at %s."
	textVolume     = "Volume: %d %%."
	textVolumeIs   = "The volume is %d %%."
	textEffects    = "Effects: %s." // "Bass boost 60 %, Nightcore"
	textEffectsOff = "No effects are on."
	textEffectsOwn = "custom filters"
	textAtStrength = "%s %d %%"                                                                                   // title of a preset
	textCrossfade  = "Crossfade: %s. Tracks that follow each other on an album do not fade, nor do live streams." // "5 seconds"
	textNoFade     = "Crossfade is off."
	textSeconds    = "%d seconds"
	textLoudness   = "Loudness: on. All tracks play at −14 LUFS (EBU R128), so that none is louder than the others. For that I decode and encode even what I could pass on untouched."
	textNoLoudness = "Loudness: off. Every track plays as loud as it was made."
	textShuffled   = "Shuffled %s."
	textLoopOff    = "Looping is off."
	textLoopTrack  = "Looping this track."
	textLoopQueue  = "Looping the queue."
	textRemoved    = "Removed %s."
	textMoved      = "Moved %s to number %d."
	textCleared    = "Emptied the queue of %s."

	textBadTime = "I do not understand `%s` as a time. Try `1:23`, `83`, `1m23s`, `+30` or `-10`."
	textBadLoop = "There is no such loop mode; take off, track or queue."
	textBadMode = "There is no such mode; take on or off."

	textNoEffect     = "I do not know the effect `%s`. Pick one of those I suggest while you type."
	textWhichEffect  = "Tell me which effect should have that strength."
	textEffectChoice = "%s: %s" // title, what it does
	textEffectIsOn   = "%s (on): %s"
	textManyChanges  = "Too many people are changing things at once. Try again in a moment."

	textNow        = "Now playing: %s (%s)"
	textQueueEmpty = "The queue is empty."
	textQueueHead  = "**Queue**: %s, %s"                           // "12 tracks", "48:10"
	textQueueSome  = "**Queue**: %s, %s, endless ones not counted" // as above
	textQueueLine  = "`%d.` %s"                                    // number, track
	textQueuePage  = "Page %d of %d"
	textTracks     = "%d tracks"

	textPrivacyCode  = "**Voice privacy code** of <#%s>\n`%s`" // channel, code
	textPrivacyHow   = "-# In Discord, press **Voice Connected** and look under **Privacy**: if the code there is the same, only those in the call can hear it. It changes whenever somebody comes or goes."
	textVerification = "**Verification codes** of each of you and me\n-# Compare yours with the one Discord shows where you verify me in the call. It stays the same for as long as we both are in it."
	textMemberCode   = "<@%s>\n`%s`" // member, code
	textMoreCodes    = "… and %d more. Everybody sees their own with `/privacy`."
	textStagePlain   = "Discord does not encrypt stages such as <#%s> end to end, so there is no privacy code."
	textPlain        = "<#%s> is not encrypted end to end at the moment. If somebody has just come or gone, try again in a few seconds."
	textListen       = "Only those in <#%s> may see how it is encrypted. Join that channel and ask again."
	textSlowCodes    = "Computing the codes took too long. Try again in a minute."

	textBy         = "%s by %s" // title, artist
	textRequested  = "Requested by <@%s>"
	textLive       = "Live"
	textIsPaused   = "Paused"
	textIsCut      = "Reconnecting…"
	textAtVolume   = "Volume %d %%"
	textFades      = "Crossfade %d s"
	textEven       = "Even loudness"
	textUpNext     = "Next: %s"    // track
	textMore       = "and %s more" // "3 tracks"
	textEnded      = "The queue has ended."
	textLastPlayed = "Last played: %s" // track
	textFailed     = "I could not play %s: %s"
	textSeekFailed = "I could not go to that time of %s (%s), so I went back: %s"
	textFailedWhy  = "something went wrong."
	textFailedMore = "… and %s more that failed."
	textGaveUp     = "Too many tracks in a row failed, so I stopped. `/resume` goes on with the queue."
	textPutOut     = "I was disconnected from the voice channel."
	textCover      = "Cover of %s"

	choiceEffectsOff = "Off: no effects"

	labelPause     = "Pause"
	labelResume    = "Resume"
	labelSkip      = "Skip"
	labelStop      = "Stop"
	labelShuffle   = "Shuffle"
	labelLoopOff   = "Loop: off"
	labelLoopTrack = "Loop: track"
	labelLoopQueue = "Loop: queue"
	labelBack      = "Back"
	labelForward   = "Next"
	labelRefresh   = "Refresh"
)

// Descriptions of commands and options, at most 100 characters each.
const (
	aboutPlay            = "Play a link, a file from the music folder, or an uploaded file"
	aboutPlayQuery       = "A link or the name of a file"
	aboutPlayFile        = "An audio file from your device"
	aboutJoin            = "Come to your voice channel"
	aboutLeave           = "Stop and leave the voice channel"
	aboutPause           = "Pause the music"
	aboutResume          = "Go on with the music"
	aboutSkip            = "Skip to the next track"
	aboutStop            = "Stop and empty the queue"
	aboutSeek            = "Go to a time of the current track"
	aboutSeekTo          = "1:23, 83, 1m23s, or +30 and -10 to jump"
	aboutVolume          = "Set the volume"
	aboutVolumeTo        = "0 to 200 percent; 100 is as recorded"
	aboutEffects         = "Change the sound: bass boost, nightcore, vaporwave and more, in any combination"
	aboutEffectsPreset   = "What to add, or off; without it, I tell what is on"
	aboutCrossfade       = "Fade one track into the next"
	aboutCrossfadeTo     = "0 to 12 seconds; 0 turns it off; without it, I tell what is on"
	aboutLoudness        = "Play all tracks at the same loudness (EBU R128, −14 LUFS)"
	aboutLoudnessMode    = "On or off; without it, I tell what is on"
	aboutEffectsStrength = "0 to 100 percent; 0 takes it away"
	aboutQueue           = "Show what comes next"
	aboutQueuePage       = "Page to show"
	aboutNow             = "Show what is playing, with a fresh card"
	aboutPrivacy         = "Show the codes that prove who can hear this call"
	aboutShuffle         = "Put the queue into random order"
	aboutLoop            = "Repeat the track or the queue"
	aboutLoopMode        = "What to repeat"
	aboutRemove          = "Remove a track from the queue"
	aboutRemoveItem      = "Number of the track in /queue"
	aboutMove            = "Move a track within the queue"
	aboutMoveFrom        = "Number of the track in /queue"
	aboutMoveTo          = "Number it should have"
	aboutClear           = "Empty the queue; the current track plays on"
)
