package bot

// What the bot says of the library, playlists, favourites, history and data of people.
const (
	textFound         = "Found %s."
	textFoundFor      = "%d hits for “%s”." // number, what was looked for
	textKindArtist    = "Artist"
	textKindAlbum     = "Album"
	textKindFolder    = "Folder"
	textKindList      = "Playlist"
	textOfList        = "%s from %s" // "3 tracks", name of a list
	textNothingChosen = "Choose something first."
	textSaved         = "Saved %s to %s." // what, name of a playlist
	textDraftGone     = "That was too long ago. Ask again."
	textNoLinks       = "There is no link and no audio file in that message."
	textMessageMissed = "%d links or files in that message led to nothing I can play."

	textListEmpty    = "There is nothing in it yet."
	textListDJ       = "On this server only DJs change its playlists: %s."
	textListCreated  = "Created the playlist %s."
	textListOfMine   = "yours, %s"        // "3 tracks"
	textListOfServer = "the server's, %s" // "3 tracks"
	textListLine     = "%s: %s"           // name, "yours, 3 tracks"
	textLists        = "Your playlists and those of this server:"
	textListsMore    = "… and %d more."
	textNoLists      = "There are no playlists yet. Make one with `/playlist create`, or bring one with `/playlist import`."
	textListHead     = "%s (%s, %s)" // name, "yours, 3 tracks", "12:30"
	textListRemoved  = "Removed %s from %s."
	textListNumbers  = "The tracks of that playlist have the numbers 1 to %d."
	textListRenamed  = "Renamed %s to %s."
	textListDelete   = "Delete the playlist %s with %s?"
	textListDeleted  = "Deleted the playlist %s."
	textListKept     = "Nothing was deleted."
	textListCopied   = "Copied %s to %s (%s)." // names, "yours, 3 tracks"
	textExported     = "%s with %s, as a file for other players."

	textEditAbout = "One track a line. Move, delete or add lines."
	textEditPart  = "Tracks %d to %d of %d. Move, delete or add lines."
	textEdited    = "Saved %s: %s, %d of them new; %d were removed." // name, "3 tracks"
	textManyNew   = "Add at most %d new lines at once; `/playlist import` takes more."
	textNotFound  = "Not found: %s"

	textImportName      = "As the file says, if you leave it empty"
	textImportText      = "One track a line, or a link to a playlist file"
	textImportFile      = "m3u, pls, xspf, CSV or text"
	textNothingToImport = "Give me a file, a link or a list of tracks."
	textDataTooLarge    = "All that is kept of you is more than Discord lets me send. Ask whoever runs me for it."
	textStillImporting  = "Your last import is still running. Wait until it is done."
	textManyImports     = "I am reading other playlists right now. Try again in a few minutes."
	textImporting       = "Looking up the tracks: %d of %d, %d found so far."
	textImported        = "Imported %s: %d of %d tracks found."
	textImportCut       = "%d tracks more were left out: a playlist has no room for them."
	textImportNone      = "None of the %d tracks could be found here."
	textImportSlow      = "Looking up so many tracks took too long. Try it in parts."
	textImportedList    = "Imported %s" // a date
	textNoFetch         = "I cannot fetch files here. Paste the list instead."

	textFavourites     = "Favourites"
	textFavouritesHead = "You have %d favourites; these are %d to %d."
	textNoFavourites   = "You have no favourites yet. Press **Like** below a track, or use `/favourites add`."
	textLiked          = "%s is one of your favourites now."
	textLikedBefore    = "%s is one of your favourites already."
	textUnliked        = "%s is no longer one of your favourites."
	textNotLiked       = "That is not one of your favourites."

	textHistoryServer = "**Played on this server**, the newest first:"
	textHistoryMine   = "**What you asked for**, the newest first:"
	textPlayed        = "%s: %s"            // when, track
	textPlayedFor     = "%s: %s, for <@%s>" // when, track, person
	textNoHistory     = "Nothing has been played yet, or none of it is remembered."
	textNoPlay        = "That is no longer in the history."

	textDataExported = "This is everything I keep about you."
	textDataErase    = "Delete everything I keep about you? That cannot be undone."
	textDataWhat     = "-# I keep your playlists and favourites until you delete them, your settings, and what you asked for in the history of servers. What a server keeps stays there without your name."
	textDataHowLong  = "-# The history goes back %d days, the record of who did what %d days."
	textDataErased   = "Deleted: %d playlists, %d favourites and your settings. Your name is gone from %d entries in histories and playlists of servers."
	textDataKept     = "Everything stays as it was."

	textStatsServer = "**Played on this server**"
	textStatsMine   = "**What you asked for**"
	textStatsSince  = "since %s" // a date
	textStatsSum    = "%d tracks in %d minutes."
	textStatsTracks = "**Most played**"
	textStatsTrack  = "`%d.` %s, %s" // rank, track, "3 times"
	textStatsPeople = "**Asked for most**"
	textStatsPerson = "`%d.` <@%s>: %s, %d min" // rank, person, "3 times", minutes
	textTimes       = "%d times"
	textNoStats     = "There is nothing to count yet."
	textBotVersion  = "**Busker** %s"
	textBotSince    = "Running since %s."
	textBotGuilds   = "On %d servers."
	textBotPlayers  = "Playing on %d of them."
	textBotLibrary  = "%d tracks in the library."
	textBotScanning = "%d tracks in the library so far; looking through %d files."

	textHelp        = "Join a voice channel and type `/play`. This is what you can do here:"
	textHelpChannel = "Commands go into <#%s>."
	textHelpDJ      = "These roles control the music: %s."
	textHelpVote    = "Skipping takes the votes of %d %% of the listeners."
	textHelpLine    = "%s: %s" // command, what it is for
	textHelpMenu    = "%s: right-click a message, then Apps"

	choiceNewList = "New playlist …"

	placeholderPick  = "Choose tracks"
	placeholderList  = "Save to which playlist?"
	placeholderTopic = "More topics"

	labelAdd       = "Add to queue"
	labelPlayNext  = "Play next"
	labelPlayNow   = "Play now"
	labelSave      = "Save"
	labelRemove    = "Remove"
	labelPlayAll   = "Play all"
	labelEdit      = "Edit"
	labelDelete    = "Delete"
	labelDeleteAll = "Delete everything"
	labelKeep      = "Keep"
	labelName      = "Name"
	labelTracks    = "Tracks"
	labelFile      = "File"
	labelOwner     = "Whose playlist"

	titleNewList = "New playlist"
	titleEdit    = "Edit %s"
	titleImport  = "Import a playlist"
)

// Descriptions of commands and options, at most 100 characters each.
const (
	aboutSearch      = "Find music, and choose what to do with it"
	aboutSearchQuery = "Part of a title, artist or album; typos are fine"

	aboutPlaylist     = "Your playlists and those of this server"
	aboutListCreate   = "Make an empty playlist"
	aboutListShow     = "Show a playlist, or which there are"
	aboutListPlay     = "Play a playlist"
	aboutListAdd      = "Add the current track, the whole queue or something else to a playlist"
	aboutListRemove   = "Remove tracks from a playlist"
	aboutListRename   = "Give a playlist another name"
	aboutListEdit     = "Reorder, delete and add tracks as text"
	aboutListDelete   = "Delete a playlist"
	aboutListImport   = "Bring a playlist from elsewhere: m3u, pls, xspf, CSV or text"
	aboutListExport   = "Get a playlist as a file"
	aboutListCopy     = "Copy a playlist: from the server to you, or to share it"
	aboutListName     = "Name of the playlist"
	aboutListOwner    = "Whose playlist it is; yours, if you say nothing"
	aboutListWhich    = "Which playlist"
	aboutListShuffle  = "In random order"
	aboutListAddQuery = "What to add; without it, the current track"
	aboutListAddFrom  = "Add what plays, or the whole queue"
	aboutListTrack    = "Number of the track in the playlist"
	aboutListLast     = "Number of the last track, to remove several"
	aboutListFile     = "A playlist file from your device"
	aboutListLink     = "A link to a playlist"
	aboutListFormat   = "Format of the file; m3u8, if you say nothing"
	aboutListCopyTo   = "Who gets the copy"

	aboutFavourites  = "Tracks you like"
	aboutLikedList   = "Show your favourites"
	aboutLikedPlay   = "Play all your favourites"
	aboutLikedAdd    = "Make the current track a favourite"
	aboutLikedRemove = "Remove a track from your favourites"
	aboutLikedTrack  = "Which favourite"

	aboutHistory      = "What was played here, to play it again"
	aboutHistoryOwner = "Of the server, or only what you asked for"

	aboutMyData     = "Everything I keep about you"
	aboutDataExport = "Get it all as a file"
	aboutDataDelete = "Delete it all"

	aboutStats      = "What was played most, by whom, and for how long"
	aboutStatsAbout = "Numbers of the server, yours, or the bot's"
	aboutStatsDays  = "Only the last days"

	aboutHelp = "What you can do here"
)
