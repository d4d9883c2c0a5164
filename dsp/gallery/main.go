// Command gallery hears every preset: it sends one tune through each, draws what went in
// and what came out, measures both, and writes pictures and figures into docs/filters.md.
//
//	go run ./dsp/gallery
//
// The tune is made here, the same every time: five seconds of music, then a sweep from
// 20 Hz to 20 kHz.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"busker/audio"
	"busker/dsp"
)

// mark stands before the part of the document that is made here.
const mark = "<!-- made by go run ./dsp/gallery -->\n"

func main() {
	docs := flag.String("docs", "docs", "where filters.md is")
	flag.Parse()
	if err := show(*docs); err != nil {
		panic(err)
	}
}

// show writes a picture for each preset and ends filters.md with them.
func show(docs string) error {
	document := filepath.Join(docs, "filters.md")
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	head, _, found := bytes.Cut(text, []byte(mark))
	if !found {
		return fmt.Errorf("%s has no line %q", document, mark)
	}
	pictures := filepath.Join(docs, "filters")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}

	in := tune()
	var rows, gallery bytes.Buffer
	row(&rows, "the tune itself", measure(in))
	for _, p := range dsp.Presets() {
		s, err := dsp.Mix(dsp.Part{Preset: p.Name, Strength: 1})
		if err != nil {
			return err
		}
		out := render(s, in)
		picture := filepath.Join(pictures, p.Name+".png")
		if err := os.WriteFile(picture, strip(in, out), 0o644); err != nil {
			return err
		}
		row(&rows, "`"+p.Name+"`", measure(out))
		fmt.Fprintf(&gallery, "\n### %s (`%s`)\n\n%s %s.\n\n![%s](filters/%s.png)\n", p.Title, p.Name, p.About, made(s), p.Title, p.Name)
	}
	return os.WriteFile(document, fmt.Appendf(head, "%s%s%s%s", mark, tableHead, &rows, &gallery), 0o644)
}

// render sends blocks through a chain, to the end of its tails.
func render(s dsp.Settings, in []audio.Block) (out []audio.Block) {
	c := dsp.NewChain(s)
	var b audio.Block
	for i := range in {
		c.Push(&in[i])
		for c.Pull(&b) {
			out = append(out, b)
		}
	}
	for c.Drain(&b) {
		out = append(out, b)
	}
	return out
}
