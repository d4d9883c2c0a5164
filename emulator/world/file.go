package world

import (
	"mime"
	"path"
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
func (w *World) storeFiles(channel ID, b discord.MessageBody) ([]discord.Attachment, error) {
	var list []discord.Attachment
	for _, f := range b.Files {
		if len(f.Data) > w.opts.MaxFile {
			return nil, discord.ErrTooLarge
		}
	}
	for _, f := range b.Files {
		a := discord.Attachment{Filename: f.Name, ContentType: f.ContentType}
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
