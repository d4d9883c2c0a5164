package mls

// confirmedTranscriptHash takes a commit into the transcript (§8.2).
func confirmedTranscriptHash(interim []byte, commit *PublicMessage) []byte {
	b := append([]byte(nil), interim...)
	b = appendUint16(b, wirePublicMessage)
	b = commit.Content.appendTo(b)
	return hash(AppendVector(b, commit.Signature))
}

// interimTranscriptHash takes its confirmation into the transcript (§8.2).
func interimTranscriptHash(confirmed, confirmationTag []byte) []byte {
	b := append([]byte(nil), confirmed...)
	return hash(AppendVector(b, confirmationTag))
}
