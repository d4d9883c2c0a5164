package exchange_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"busker/internal/fault"
	"busker/playlists/exchange"
)

func FuzzM3U(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#PLAYLIST:x\n#EXTALB:a\n#EXTART:b\n#EXTINF:12 a=\"b,c\",b - c\n./d\nfile:///e%20f"))
	f.Add([]byte("\xff\xfe#\x00E\x00X\x00T\x00M\x003\x00U\x00\n\x00a\x00"))
	fuzz(f, "x.m3u")
}

func FuzzPLS(f *testing.F) {
	f.Add([]byte("[playlist]\nFile1=a\nTitle1=b - c\nLength1=12\nFile99999999999999999999=x\nX-GNOME-Title=y"))
	fuzz(f, "x.pls")
}

func FuzzXSPF(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><playlist><title>t</title><trackList><track><location>a%20b</location><duration>1</duration></track></trackList></playlist>`))
	fuzz(f, "x.xspf")
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("sep=;\ntitle;artist;duration\n\"a\";'=b;3:25\n"))
	f.Add([]byte("a,\"b\n\"c,https://d\n"))
	fuzz(f, "x.csv")
}

func FuzzText(f *testing.F) {
	f.Add([]byte("1. a - b\n2. https://c\n"))
	f.Add([]byte("\x92\xc5\x96\xbc caf\xe9"))
	fuzz(f, "x.txt")
}

// fuzz reads anything, and what could be read it writes and reads again.
func fuzz(f *testing.F, name string) {
	f.Fuzz(func(t *testing.T, content []byte) {
		list, err := exchange.Read(name, bytes.NewReader(content), 100)
		if err != nil {
			var known *fault.Fault
			if !errors.As(err, &known) {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		if len(list.Entries) == 0 || len(list.Entries) > 100 {
			t.Fatalf("%d entries", len(list.Entries))
		}
		for _, e := range list.Entries {
			sane(t, e)
		}
		for _, format := range exchange.Formats() {
			again(t, format, list)
		}
	})
}

func sane(t *testing.T, e exchange.Entry) {
	t.Helper()
	for _, s := range []string{e.Text, e.Title, e.Artist, e.Album} {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n\x00") || len(s) > 5000 {
			t.Fatalf("entry %+v", e)
		}
	}
	if e.Text == "" || e.Length < 0 {
		t.Fatalf("entry %+v", e)
	}
}

// again writes a list and reads as many entries as it has.
func again(t *testing.T, f exchange.Format, l exchange.List) {
	t.Helper()
	var b bytes.Buffer
	if err := exchange.Write(&b, f, l); err != nil {
		t.Fatal(err)
	}
	lookalike := f == exchange.Text || f == exchange.CSV // the content may look like another format
	got, err := exchange.Read("x."+string(f), bytes.NewReader(b.Bytes()), 0)
	if err != nil && !lookalike {
		t.Fatalf("%s: %v\n%q", f, err, b.String())
	}
	if !lookalike && len(got.Entries) != len(l.Entries) {
		t.Fatalf("%s: %d entries became %d\n%q", f, len(l.Entries), len(got.Entries), b.String())
	}
}
