package ogg_test

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"testing"

	"busker/internal/fault"
	"busker/opus/ogg"
)

func TestHead(t *testing.T) {
	for _, tt := range []struct {
		name string
		head ogg.Head
	}{
		{"mono", ogg.Head{Channels: 1, PreSkip: 312, InputRate: 44100, Streams: 1}},
		{"stereo with gain", ogg.Head{Channels: 2, PreSkip: 3840, InputRate: 48000, OutputGain: -1234, Streams: 1, Coupled: 1}},
		{"5.1", ogg.Head{Channels: 6, Family: 1, Streams: 4, Coupled: 2, Mapping: []byte{0, 4, 1, 2, 3, 5}}},
		{"a silent channel", ogg.Head{Channels: 2, Family: 255, Streams: 1, Mapping: []byte{0, 255}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ogg.ParseHead(tt.head.Append(nil))
			if err != nil || !reflect.DeepEqual(got, tt.head) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	stereo := string(ogg.Head{Channels: 2}.Append(nil))
	for _, tt := range []struct {
		name, bytes string
		kind        fault.Kind
	}{
		{"empty", "", fault.Corrupt},
		{"other magic", "OpusTags" + stereo[8:], fault.Corrupt},
		{"cut off", stereo[:18], fault.Corrupt},
		{"next major version", stereo[:8] + "\x10" + stereo[9:], fault.Unsupported},
		{"no channels", stereo[:9] + "\x00" + stereo[10:], fault.Corrupt},
		{"three channels in family 0", stereo[:9] + "\x03" + stereo[10:], fault.Corrupt},
		{"no mapping in family 1", stereo[:18] + "\x01", fault.Corrupt},
		{"no streams", stereo[:18] + "\x01\x00\x00\x00\x01", fault.Corrupt},
		{"more coupled than streams", stereo[:18] + "\x01\x01\x02\x00\x01", fault.Corrupt},
		{"mapping beyond the streams", stereo[:18] + "\x01\x01\x01\x00\x02", fault.Corrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if h, err := ogg.ParseHead([]byte(tt.bytes)); fault.KindOf(err) != tt.kind {
				t.Errorf("%+v, %v", h, err)
			}
		})
	}
}

func TestTags(t *testing.T) {
	tags := ogg.Tags{Vendor: "v", Comments: []string{"title=A", "ARTIST=B", "artist=C=D", "no separator"}}
	got, err := ogg.ParseTags(tags.Append(nil))
	if err != nil || !reflect.DeepEqual(got, tags) {
		t.Fatalf("%+v, %v", got, err)
	}
	if got.Get("TITLE") != "A" || got.Get("Artist") != "B" || got.Get("no separator") != "" || got.Get("x") != "" {
		t.Errorf("Get: %q %q", got.Get("TITLE"), got.Get("Artist"))
	}
	if all := got.All("artist"); !reflect.DeepEqual(all, []string{"B", "C=D"}) {
		t.Errorf("All: %q", all)
	}
}

func TestDamagedTagsGiveWhatTheyHave(t *testing.T) {
	whole := ogg.Tags{Vendor: "v", Comments: []string{"a=1", "b=2"}}.Append(nil)
	for n := range whole {
		got, err := ogg.ParseTags(whole[:n])
		if err == nil {
			t.Fatalf("%d bytes of %d were enough", n, len(whole))
		}
		if want := max(0, n-17) / 7; n >= 17 && len(got.Comments) != want {
			t.Errorf("%d bytes: %q", n, got.Comments)
		}
	}
	lie := append([]byte("OpusTags\x00\x00\x00\x00"), 0xFF, 0xFF, 0xFF, 0xFF)
	if got, err := ogg.ParseTags(lie); err == nil || len(got.Comments) > 0 {
		t.Errorf("4 billion comments: %v", err)
	}
	if got, err := ogg.ParseTags([]byte("OpusTags\x01\x00\x00\x00\xFF\x00\x00\x00\x00")); err != nil || got.Vendor != "\uFFFD" {
		t.Errorf("vendor not in UTF-8: %q, %v", got.Vendor, err)
	}
}

func TestPicture(t *testing.T) {
	encode := func(b []byte) string {
		return comment("metadata_block_picture", base64.StdEncoding.EncodeToString(b))
	}
	back, front := pictureBlock(4, "image/png", []byte("back")), pictureBlock(ogg.FrontCover, "image/jpeg", []byte("front"))
	for _, tt := range []struct {
		name     string
		comments []string
		want     string
	}{
		{"none", []string{"title=x"}, ""},
		{"not base64", []string{"METADATA_BLOCK_PICTURE=%%%"}, ""},
		{"cut off", []string{encode(front[:len(front)-1])}, ""},
		{"any", []string{encode(back)}, "back"},
		{"front cover first", []string{encode(back), encode(front)}, "front"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := ogg.Tags{Comments: tt.comments}.Picture()
			if ok != (tt.want != "") || string(p.Data) != tt.want {
				t.Errorf("%+v, %v", p, ok)
			}
		})
	}
	p, err := ogg.ParsePicture(front)
	if err != nil || p.MIME != "image/jpeg" || p.Description != "art" || p.Type != ogg.FrontCover {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzHead(f *testing.F) {
	f.Add(ogg.Head{Channels: 2, PreSkip: 312}.Append(nil))
	f.Add(ogg.Head{Channels: 2, Family: 1, Streams: 1, Coupled: 1, Mapping: []byte{0, 1}}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ogg.ParseHead(b)
		if err != nil {
			return
		}
		again, err := ogg.ParseHead(h.Append(nil))
		if err != nil || !reflect.DeepEqual(again, h) {
			t.Errorf("%+v became %+v, %v", h, again, err)
		}
	})
}

func FuzzTags(f *testing.F) {
	f.Add(ogg.Tags{Vendor: "v", Comments: []string{"a=b"}}.Append(nil))
	f.Add(ogg.Tags{Comments: []string{"METADATA_BLOCK_PICTURE=" + base64.StdEncoding.EncodeToString(pictureBlock(3, "m", []byte("d")))}}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		tags, err := ogg.ParseTags(b)
		tags.Picture()
		if err != nil {
			return
		}
		if again, err := ogg.ParseTags(tags.Append(nil)); err != nil || !reflect.DeepEqual(again, tags) {
			t.Errorf("%+v became %+v, %v", tags, again, err)
		}
	})
}

func FuzzPicture(f *testing.F) {
	f.Add(pictureBlock(3, "image/png", []byte("data")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ogg.ParsePicture(b); err == nil && !bytes.Contains(b, p.Data) {
			t.Errorf("data from elsewhere: %q", p.Data)
		}
	})
}
