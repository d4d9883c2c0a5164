// Command gen renders the sample album into the folder music: go generate.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"busker/audio"
	"busker/cmd/busker/internal/album/compose"
	"busker/opus"
	"busker/opus/ogg"
)

const (
	folder = "music"
	// bitrate keeps the whole album under 2 MB and sounds like the original.
	bitrate = 112_000
)

func main() {
	for i, p := range compose.Pieces() {
		pcm := p.Render()
		cover := compose.Cover(p.Colour, pcm)
		if err := write(i, p, pcm, cover); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

func write(number int, p compose.Piece, pcm []float32, cover []byte) error {
	if err := os.WriteFile(filepath.Join(folder, p.File+".png"), cover, 0o644); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(folder, p.File+".opus"))
	if err != nil {
		return err
	}
	defer out.Close()
	encoder, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: bitrate, Complexity: 10})
	if err != nil {
		return err
	}
	defer func() { _ = encoder.Close() }() // only frees memory
	w, err := ogg.NewWriter(out, ogg.WriterOptions{
		Head: ogg.Head{Channels: audio.Channels, PreSkip: encoder.Lookahead(), InputRate: compose.Rate},
		Tags: ogg.Tags{Vendor: "Busker", Comments: []string{
			"TITLE=" + p.Title, "ARTIST=" + compose.Artist, "ALBUM=" + compose.Album, "DATE=" + compose.Year,
			fmt.Sprintf("TRACKNUMBER=%d", number+1), "METADATA_BLOCK_PICTURE=" + picture(cover),
		}},
		Serial: uint32(number + 1),
	})
	if err != nil {
		return err
	}
	if err := encode(w, encoder, pcm); err != nil {
		return err
	}
	return w.Close()
}

// encode writes all of pcm; the last packet counts only what is left, plus what
// the encoder still holds back.
func encode(w *ogg.Writer, encoder opus.Encoder, pcm []float32) error {
	packet := make([]byte, audio.MaxPacketBytes)
	left := len(pcm)/audio.Channels + encoder.Lookahead()
	for at := 0; left > 0; at += audio.FrameSamples * audio.Channels {
		var block audio.Block
		if at < len(pcm) {
			copy(block[:], pcm[at:])
		}
		n, err := encoder.Encode(packet, &block)
		if err != nil {
			return err
		}
		if err := w.WritePacket(packet[:n], min(left, audio.FrameSamples)); err != nil {
			return err
		}
		left -= audio.FrameSamples
	}
	return nil
}

// picture is a FLAC picture block (RFC 9639 §8.8) in base64: the front cover.
func picture(png []byte) string {
	const mime = "image/png"
	be := binary.BigEndian
	b := be.AppendUint32(nil, ogg.FrontCover)
	b = append(be.AppendUint32(b, uint32(len(mime))), mime...)
	b = be.AppendUint32(b, 0) // no description
	for _, n := range []uint32{256, 256, 4, 16} {
		b = be.AppendUint32(b, n) // width, height, bits per pixel, colours
	}
	b = append(be.AppendUint32(b, uint32(len(png))), png...)
	return base64.StdEncoding.EncodeToString(b)
}
