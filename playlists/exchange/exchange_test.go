package exchange_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"busker/internal/fault"
	"busker/playlists/exchange"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// entry is an Entry of the fields most files have.
func entry(text, artist, title string, length time.Duration) exchange.Entry {
	return exchange.Entry{Text: text, Artist: artist, Title: title, Length: length}
}

func on(album string, e exchange.Entry) exchange.Entry {
	e.Album = album
	return e
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, file, in string
		want           exchange.List
	}{
		{"m3u", "a.m3u8", "#EXTM3U\r\n#PLAYLIST: Best of\r\n#EXTINF:215,Ann - One - live\r\nmusic/one  two.mp3\r\n\r\n# comment\r\n#EXTINF:-1,Radio\r\nhttps://example.org/live\r\nC:\\Music\\three.flac\r\n", exchange.List{
			Title: "Best of",
			Entries: []exchange.Entry{
				entry("music/one  two.mp3", "Ann", "One - live", 215*sec),
				entry("https://example.org/live", "", "Radio", 0),
				entry(`C:\Music\three.flac`, "", "", 0),
			},
		}},
		{"m3u, album and artist", "x", "#EXTM3U\n#EXTALB:First\n#EXTART:Ann - Bob\n#EXTINF:1.5,Ann - Bob - Song\na\n#EXTINF:2,Plain\nb\n#EXTINF:3,Guest - Song\nc\n#EXTALB:\n#EXTART:\n#EXTINF:4,No - Artist\nd", exchange.List{
			Entries: []exchange.Entry{
				on("First", entry("a", "Ann - Bob", "Song", 1500*ms)),
				on("First", entry("b", "Ann - Bob", "Plain", 2*sec)),
				on("First", entry("c", "Guest", "Song", 3*sec)),
				entry("d", "", "No - Artist", 4*sec),
			},
		}},
		{"m3u, attributes", "", "#EXTM3U url-tvg=\"x\"\n#EXTINF:-1 tvg-name=\"News, all day\" group-title=\"A\",News – Radio, all day\nhttp://example.org/1\n", exchange.List{
			Entries: []exchange.Entry{entry("http://example.org/1", "News", "Radio, all day", 0)},
		}},
		{"m3u without a header", "list.M3U", "# mine\n./a.mp3\nfile:///music/b%20c.mp3\nfile:///C:/d.mp3\n./#1.mp3", exchange.List{
			Entries: []exchange.Entry{entry("a.mp3", "", "", 0), entry("/music/b c.mp3", "", "", 0), entry("C:/d.mp3", "", "", 0), entry("#1.mp3", "", "", 0)},
		}},
		{"m3u of old Mac", "a.m3u", "one.mp3\rtwo.mp3\r", exchange.List{
			Entries: []exchange.Entry{entry("one.mp3", "", "", 0), entry("two.mp3", "", "", 0)},
		}},
		{"pls", "a.pls", "[playlist]\nNumberOfEntries=3\nX-GNOME-Title=Mine\nTitle2=Ann - Two\nFile2=https://example.org/b?c=d\nLength2=120\nFile1=a.mp3\nLength1=-1\nFile10=z\nTitle11=of nothing\nVersion=2\n", exchange.List{
			Title: "Mine",
			Entries: []exchange.Entry{
				entry("a.mp3", "", "", 0),
				entry("https://example.org/b?c=d", "Ann", "Two", 2*time.Minute),
				entry("z", "", "", 0),
			},
		}},
		{"xspf", "a.xml", `<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- made by hand --><playlist version="1" xmlns="http://xspf.org/ns/0/">
<title>Mix &amp; match</title><creator>x</creator><extension application="y"><track>no</track><z><title>no</title></z></extension>
<trackList>
 <track><location>file:///music/a%20b.mp3</location><location>b</location><title>A</title><creator>Ann</creator><album>Al</album><duration>61500</duration><extension><title>no</title></extension></track>
 <track><title>Only</title><creator>Ann</creator></track>
 <track><location>https://example.org/a%20b</location></track>
 <track><location>sub/100%25.mp3</location></track>
 <track><annotation>nothing</annotation></track>
</trackList></playlist>`, exchange.List{
			Title: "Mix & match",
			Entries: []exchange.Entry{
				on("Al", entry("/music/a b.mp3", "Ann", "A", 61500*ms)),
				entry("Ann - Only", "Ann", "Only", 0),
				entry("https://example.org/a%20b", "", "", 0),
				entry("sub/100%.mp3", "", "", 0),
			},
		}},
		{"Exportify", "x.csv", "\ufeff" + `"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name","Album Artist URI(s)","Album Artist Name(s)","Album Release Date","Album Image URL","Disc Number","Track Number","Track Duration (ms)","Track Preview URL","Explicit","Popularity","ISRC","Added By","Added At"` + "\n" +
			`"spotify:track:1","Song, with ""quotes""","spotify:artist:2","Ann, Bob","spotify:album:3","The Album","spotify:artist:2","Various","1999-01-01","https://i.example.org/x","1","3","215040","https://p.example.org/x","false","50","USX","spotify:user:me","2020-01-01T00:00:00Z"` + "\n", exchange.List{
			Entries: []exchange.Entry{on("The Album", entry(`Ann, Bob - Song, with "quotes"`, "Ann, Bob", `Song, with "quotes"`, 215040*ms))},
		}},
		{"Exportify, older", "x.csv", "Spotify ID,Artist IDs,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity\n4x,5y,Song,Album,Ann,2001,1000,3\n", exchange.List{
			Entries: []exchange.Entry{on("Album", entry("Ann - Song", "Ann", "Song", sec))},
		}},
		{"TuneMyMusic", "My Spotify Library.csv", "Track name,Artist name,Album,Playlist name,Type,ISRC,Spotify - id\r\nSong,Ann,Album,Summer,Playlist,USX,4x\r\nTwo,,,Summer,Playlist,,\r\n", exchange.List{
			Title:   "Summer",
			Entries: []exchange.Entry{on("Album", entry("Ann - Song", "Ann", "Song", 0)), entry("Two", "", "Two", 0)},
		}},
		{"Soundiiz", "x.csv", "title;artist;album;isrc;addedDate;addedBy;url\nSong;Ann;Album;USX;;;https://example.org/1\n;Bob;;;;;\n", exchange.List{
			Entries: []exchange.Entry{on("Album", entry("https://example.org/1", "Ann", "Song", 0))},
		}},
		{"tabs without a name", "", "Artist\tTitle\tTime\nAnn\tSong\t3:25\nBob\tLong\t1:00:01\n", exchange.List{
			Entries: []exchange.Entry{entry("Ann - Song", "Ann", "Song", 205*sec), entry("Bob - Long", "Bob", "Long", 3601*sec)},
		}},
		{"Excel says the delimiter", "x.csv", "sep=;\nTitle;Artist\nA, B;Ann\n", exchange.List{
			Entries: []exchange.Entry{entry("Ann - A, B", "Ann", "A, B", 0)},
		}},
		{"table without header", "x.csv", "Ann,Water,Nature,3:25\nhttps://example.org/1\nhttps://example.org/2,Title\n\"\",only a title\n", exchange.List{
			Entries: []exchange.Entry{
				on("Nature", entry("Ann - Water", "Ann", "Water", 205*sec)),
				entry("https://example.org/1", "", "", 0),
				entry("https://example.org/2", "", "Title", 0),
				entry("only a title", "", "only a title", 0),
			},
		}},
		{"a quotation mark too many", "x.csv", "title,artist\n\"Heroes\" - 2017 Remaster,David\nTwo,\"Ann\"\n", exchange.List{
			Entries: []exchange.Entry{
				entry("David - Heroes - 2017 Remaster", "David", "Heroes - 2017 Remaster", 0),
				entry("Ann - Two", "Ann", "Two", 0),
			},
		}},
		{"text", "x.txt", "Ann - One\nhttps://example.org/a - b\n\n  albums/a - b.mp3\nJust words\nBob — Two\n#1 Crush\n", exchange.List{
			Entries: []exchange.Entry{
				entry("Ann - One", "Ann", "One", 0),
				entry("https://example.org/a - b", "", "", 0),
				entry("albums/a - b.mp3", "", "", 0),
				entry("Just words", "", "Just words", 0),
				entry("Bob — Two", "Bob", "Two", 0),
				entry("#1 Crush", "", "#1 Crush", 0),
			},
		}},
		{"numbered text", "", "1. Ann - One\n2. 99 Luftballons\n3) Three\n", exchange.List{
			Entries: []exchange.Entry{entry("Ann - One", "Ann", "One", 0), entry("99 Luftballons", "", "99 Luftballons", 0), entry("Three", "", "Three", 0)},
		}},
		{"text that only begins with a number", "", "1. FC Köln - Hymne", exchange.List{
			Entries: []exchange.Entry{entry("1. FC Köln - Hymne", "1. FC Köln", "Hymne", 0)},
		}},
		{"a heart", "", "<3\nTitle", exchange.List{
			Entries: []exchange.Entry{entry("<3", "", "<3", 0), entry("Title", "", "Title", 0)},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := exchange.Read(tt.file, strings.NewReader(tt.in), 0)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"UTF-8", "Björk - Jóga", "Björk - Jóga"},
		{"UTF-8 with a mark", "\xef\xbb\xbfBjörk - Jóga", "Björk - Jóga"},
		{"UTF-16 little", "\xff\xfeB\x00j\x00\xf6\x00r\x00k\x00", "Björk"},
		{"UTF-16 big", "\xfe\xff\x00B\x00j\x00\xf6\x00r\x00k", "Björk"},
		{"Latin-1", "Bj\xf6rk - J\xf3ga", "Björk - Jóga"},
		{"Windows-1252", "It\x92s \x93caf\xe9\x94 \x96 d\xe9j\xe0", "It’s “café” – déjà"},
		{"Latin-1 capitals", "\xc9MILE - \xc0 LA P\xcaCHE", "ÉMILE - À LA PÊCHE"},
		{"Shift JIS", "\x83\x58\x83\x73\x83\x62\x83\x63 - \x83\x8d\x83\x72\x83\x93\x83\x5c\x83\x93", "スピッツ - ロビンソン"},
		{"Shift JIS, only kanji", "\x92\xc5\x96\xbc\x97\xd1\x8c\xe7 - \x96{\x94\\", "椎名林檎 - 本能"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := exchange.Read("x.txt", strings.NewReader(tt.in), 0)
			if err != nil {
				t.Fatal(err)
			}
			if got.Entries[0].Text != tt.want {
				t.Errorf("read %q, want %q", got.Entries[0].Text, tt.want)
			}
		})
	}
}

func TestWhatIsNoPlaylist(t *testing.T) {
	random := bytes.Repeat([]byte{0x89, 'P', 'N', 'G', 0, 1, 2, 3, 200}, 50)
	for _, tt := range []struct {
		name, in string
		kind     fault.Kind
	}{
		{"empty", "", fault.Invalid},
		{"blank", "\n \n", fault.Invalid},
		{"header alone", "#EXTM3U\n", fault.Invalid},
		{"table of nothing", "title,artist\n", fault.Invalid},
		{"pls of nothing", "[playlist]\nVersion=2", fault.Invalid},
		{"picture", string(random), fault.Unsupported},
		{"binary without zeros", strings.Repeat("\x01\x02a", 40), fault.Unsupported},
		{"web page", "\n<!DOCTYPE html><html><head>", fault.Unsupported},
		{"stream", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\na.ts", fault.Unsupported},
		{"other XML", "<?xml version='1.0'?><rss></rss>", fault.Unsupported},
		{"broken XML", "<playlist><trackList><track><title>a</track>", fault.Corrupt},
		{"cut XML", "<playlist><trackList><track><title>a</title></track>", fault.Corrupt},
		{"too large", "#EXTM3U\n" + strings.Repeat("a\n", exchange.MaxBytes/2), fault.TooLarge},
		{"endless row", "title,artist\n" + strings.Repeat(",", 1<<20), fault.Corrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := exchange.Read("", strings.NewReader(tt.in), 0)
			if _, ok := fault.Message(err); !ok || fault.KindOf(err) != tt.kind {
				t.Errorf("%v (%v), want %v", err, fault.KindOf(err), tt.kind)
			}
		})
	}
	if _, err := exchange.Read("", iotest.ErrReader(os.ErrDeadlineExceeded), 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func TestReadIsBounded(t *testing.T) {
	got, err := exchange.Read("x.m3u", strings.NewReader("#EXTM3U\na\nb\nc\nd\n"), 3)
	if err != nil || len(got.Entries) != 3 || got.Cut != 1 {
		t.Errorf("%+v, %v; want 3 entries and 1 cut", got, err)
	}
	for name, in := range map[string]string{
		"m3u":  "#EXTM3U\n" + strings.Repeat("a\n", 200_000),
		"xspf": "<playlist><trackList>" + strings.Repeat("<track><title>a</title></track>", 150_000) + "</trackList></playlist>",
	} {
		got, err := exchange.Read("", strings.NewReader(in), 0)
		if err != nil || len(got.Entries) != exchange.MaxEntries || got.Cut == 0 {
			t.Errorf("%s: %d entries, %d cut, %v", name, len(got.Entries), got.Cut, err)
		}
	}
	long, err := exchange.Read("", strings.NewReader(strings.Repeat("é", 1<<20)), 0)
	if err != nil || len(long.Entries[0].Text) > 2048 {
		t.Errorf("a text of %d bytes, %v", len(long.Entries[0].Text), err)
	}
}

func TestWriteKeepsSpreadsheetsFromRunningTitles(t *testing.T) {
	var b bytes.Buffer
	l := exchange.List{Entries: []exchange.Entry{{Title: "=HYPERLINK(1)", Artist: "'=x", Text: "@a"}}}
	if err := exchange.Write(&b, exchange.CSV, l); err != nil {
		t.Fatal(err)
	}
	if want := "'=HYPERLINK(1),''=x,,,'@a\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("wrote %q, want %q", b.String(), want)
	}
}

func TestWriteRefusesOtherFormats(t *testing.T) {
	if err := exchange.Write(new(bytes.Buffer), "doc", exchange.List{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
	if _, err := exchange.ParseFormat("doc"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
	for _, f := range exchange.Formats() {
		if got, err := exchange.ParseFormat(string(f)); err != nil || got != f {
			t.Errorf("%s: %s, %v", f, got, err)
		}
	}
}
