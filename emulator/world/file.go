package world

import (
	"mime"
	"path"
	"slices"
	"strings"

	"busker/emulator/discord"
)

// File is a stored attachment with its content.
type File struct {
	discord.Attachment
	Data []byte
}

// File returns an attachment by id.
func (w *World) File(id ID) (File, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, ok := w.files[id]
	return f, ok
}

// storeFiles keeps the uploaded files of a message, described by the body's
// attachments.
func (w *World) storeFiles(channel ID, ephemeral bool, b discord.MessageBody) ([]discord.Attachment, error) {
	var list []discord.Attachment
	for _, f := range b.Files {
		if len(f.Data) > w.opts.MaxFile {
			return nil, discord.ErrTooLarge
		}
	}
	for _, f := range b.Files {
		a := discord.Attachment{Filename: f.Name, ContentType: f.ContentType, Ephemeral: ephemeral}
		for _, ref := range b.Attachments.Value {
			if ref.ID != ID(f.Index) {
				continue
			}
			a.Description, a.Title = ref.Description, ref.Title
			if ref.Filename != "" {
				a.Filename = ref.Filename
			}
		}
		list = append(list, w.storeFile(channel, a, f.Data))
	}
	return list, nil
}

func (w *World) storeFile(channel ID, a discord.Attachment, data []byte) discord.Attachment {
	a.ID = w.newID()
	a.Filename = cleanName(a.Filename)
	a.Size = len(data)
	if a.ContentType == "" {
		a.ContentType = mime.TypeByExtension(path.Ext(a.Filename))
	}
	a.URL = w.opts.FileURL + "/attachments/" + channel.String() + "/" + a.ID.String() + "/" + a.Filename
	a.ProxyURL = a.URL
	w.files[a.ID] = File{Attachment: a, Data: data}
	return a
}

// dropFiles forgets the attachments that are not among those kept.
func (w *World) dropFiles(had, kept []discord.Attachment) {
	for _, a := range had {
		if !slices.ContainsFunc(kept, func(k discord.Attachment) bool { return k.ID == a.ID }) {
			delete(w.files, a.ID)
		}
	}
}

// keptUploads bounds what people attached to commands, in bytes: no message ends
// with which they could go, and a queue may want them for hours.
const keptUploads = 256 << 20

// StoreUpload keeps a file a person attached to a command; the oldest ones give
// way when there are too many.
func (w *World) StoreUpload(channelID ID, name, contentType string, data []byte) (discord.Attachment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(data) > w.opts.MaxFile {
		return discord.Attachment{}, discord.ErrTooLarge
	}
	a := w.storeFile(channelID, discord.Attachment{Filename: name, ContentType: contentType}, data)
	a.Ephemeral = true
	w.uploads, w.uploaded = append(w.uploads, a), w.uploaded+a.Size
	for w.uploaded > keptUploads && len(w.uploads) > 1 {
		w.uploaded -= w.uploads[0].Size
		w.dropFiles(w.uploads[:1], nil)
		w.uploads = w.uploads[1:]
	}
	return a, nil
}

// cleanName does what Discord does to file names: no folders, and only letters,
// digits, dots, dashes and underscores.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r == ' ':
			return '_'
		}
		return -1
	}, name)
}
