package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"busker/emulator/discord"
	"busker/internal/snowflake"
)

// maxBody is the largest request, files and all.
const maxBody = 64 << 20

// id reads an id of the path.
func (c *call) id(name string) (discord.ID, error) {
	id, err := snowflake.Parse(c.r.PathValue(name))
	if err != nil || id == 0 {
		var f discord.Form
		f.Add(discord.Path(name+"_id"), "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", c.r.PathValue(name)))
		return 0, f.Err()
	}
	return id, nil
}

// ids reads several ids of the path.
func (c *call) ids(a, b string) (discord.ID, discord.ID, error) {
	first, err := c.id(a)
	if err != nil {
		return 0, 0, err
	}
	second, err := c.id(b)
	return first, second, err
}

// number reads a number of the query within least..most.
func (c *call) number(name string, otherwise, least, most int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		var f discord.Form
		f.Add(discord.Path(name), "NUMBER_TYPE_RANGE", fmt.Sprintf("int value should be between %d and %d.", least, most))
		return 0, f.Err()
	}
	return n, nil
}

// queryID reads an id of the query; 0 when it is absent or none.
func (c *call) queryID(name string) discord.ID {
	id, err := snowflake.Parse(c.r.URL.Query().Get(name))
	if err != nil {
		return 0
	}
	return id
}

// read decodes the body into v: JSON, or the payload_json of a multipart body,
// whose files are returned.
func (c *call) read(v any) ([]discord.UploadedFile, error) {
	body := http.MaxBytesReader(c.w, c.r.Body, maxBody)
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		return readForm(multipart.NewReader(body, params["boundary"]), v)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, bodyError(err)
	}
	return nil, decode(data, v)
}

func readForm(r *multipart.Reader, v any) ([]discord.UploadedFile, error) {
	var files []discord.UploadedFile
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, bodyError(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, bodyError(err)
		}
		if part.FormName() == "payload_json" {
			if err := decode(data, v); err != nil {
				return nil, err
			}
		} else if part.FileName() != "" {
			files = append(files, discord.UploadedFile{
				Index: fileIndex(part.FormName(), len(files)), Name: part.FileName(),
				ContentType: part.Header.Get("Content-Type"), Data: data,
			})
		}
	}
}

// fileIndex is n of files[n]; the old names file and file2 are taken too.
func fileIndex(name string, otherwise int) int {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "files["), "]")
	n, err := strconv.Atoi(strings.TrimPrefix(name, "file"))
	if err != nil {
		return otherwise
	}
	return n
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return discord.ErrTooLarge
	}
	return discord.ErrInvalidJSON
}

// decode reads JSON; a value of the wrong type is refused by its place.
func decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		var f discord.Form
		f.Add(discord.Path(wrong.Field), "MODEL_TYPE_CONVERTIBLE", "Value of type \""+wrong.Value+"\" is not convertible to the field's type.")
		return f.Err()
	default:
		return discord.ErrInvalidJSON
	}
}

// message reads a message's body.
func (c *call) message() (discord.MessageBody, error) {
	var b discord.MessageBody
	files, err := c.read(&b)
	b.Files = files
	return b, err
}
