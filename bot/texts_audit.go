package bot

// What /audit says.
const (
	aboutAudit       = "See who did what with the music on this server"
	aboutAuditUser   = "Only what this person did"
	titleAudit       = "Who did what"
	textNoAudit      = "Nobody keeps track of who did what here."
	textAuditEmpty   = "Nothing was done so far."
	textAuditRefused = "refused"
	textBotItself    = "I"
	labelOlder       = "Older"
)
