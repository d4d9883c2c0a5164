package remote_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/player"
	"busker/player/remote"
	"busker/track"
)

var update = flag.Bool("update", false, "write the golden files anew")

// methods returns the types of the package player that have a method, and the string it
// returns.
func methods(t *testing.T, method string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method {
				continue
			}
			name := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit).Value
			found[f.Recv.List[0].Type.(*ast.Ident).Name] = strings.Trim(name, `"`)
		}
	}
	return found
}

func TestEveryCommandAndEventMayTravel(t *testing.T) {
	commands, events := remote.Kinds()
	inPlayer := methods(t, "command")
	if want, got := slices.Sorted(maps.Keys(inPlayer)), slices.Sorted(maps.Keys(commands)); !slices.Equal(want, got) {
		t.Errorf("player has the commands\n%v\nand these may travel\n%v", want, got)
	}
	for name, c := range commands {
		if remote.KindOf(c) != inPlayer[name] {
			t.Errorf("%s is called %q here and %q there", name, remote.KindOf(c), inPlayer[name])
		}
	}
	if want, got := slices.Sorted(maps.Keys(methods(t, "event"))), slices.Sorted(maps.Keys(events)); !slices.Equal(want, got) {
		t.Errorf("player has the events\n%v\nand these may travel\n%v", want, got)
	}
}

// fill puts something into every field, and counts in n.
func fill(v reflect.Value, n *int) {
	*n++
	if v.CanSet() && v.Type() == reflect.TypeFor[error]() {
		v.Set(reflect.ValueOf(fault.Newf(fault.Corrupt, "This %s file is damaged after %d bytes.", fault.Term("MP3"), *n)))
		return
	}
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = time.Date(2026, 5, 1, 12, 0, 0, *n, time.UTC)
		return
	case **track.Artwork: // it does not travel
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d <&>", *n))
	case reflect.Float64, reflect.Float32:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(math.MaxUint64 - uint64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n % 3))
	default:
		panic(v.Type())
	}
}

func filled[T any](zero T) T {
	v, n := reflect.New(reflect.TypeOf(zero)).Elem(), 0
	fill(v, &n)
	return v.Interface().(T)
}

// golden compares with what other versions read and write.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".json")
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, got, "", "\t"); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, pretty.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Errorf("%s is\n%s\nand was\n%s", name, pretty.Bytes(), want)
	}
}

func TestCommandsTravelWhole(t *testing.T) {
	commands, _ := remote.Kinds()
	for name, zero := range commands {
		for _, want := range []player.Command{zero, filled(zero)} {
			b, err := remote.MarshalCommand(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := remote.UnmarshalCommand(b)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n%+v became\n%+v, %v", name, want, got, err)
			}
		}
		b, _ := remote.MarshalCommand(filled(zero))
		golden(t, "command-"+name, b)
	}
}

func TestEventsTravelWhole(t *testing.T) {
	_, events := remote.Kinds()
	for name, zero := range events {
		for _, want := range []player.Envelope{
			{Guild: 1, Event: zero},
			{Guild: math.MaxUint64, Event: filled(zero), Status: filled(player.Status{})},
		} {
			b, err := remote.MarshalEvent(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := remote.UnmarshalEvent(b)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n%+v became\n%+v, %v", name, want, got, err)
			}
		}
		b, _ := remote.MarshalEvent(player.Envelope{Guild: 7, Event: filled(zero)})
		golden(t, "event-"+name, b)
	}
}

func TestAStatusTravelsWhole(t *testing.T) {
	for _, want := range []player.Status{{}, filled(player.Status{})} {
		b, err := remote.MarshalStatus(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.UnmarshalStatus(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v became\n%+v, %v", want, got, err)
		}
	}
	b, _ := remote.MarshalStatus(filled(player.Status{}))
	golden(t, "status", b)
	silent := player.Status{Gain: math.Inf(-1), Speed: math.NaN()}
	if b, err := remote.MarshalStatus(silent); err != nil {
		t.Errorf("numbers without JSON: %v", err)
	} else if got, err := remote.UnmarshalStatus(b); err != nil || got.Gain != 0 || got.Speed != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestErrorsInEventsKeepWhatPeopleRead(t *testing.T) {
	why := fmt.Errorf("open: %w", fault.Wrapf(fault.Denied, io.EOF, "I lack %s.", fault.Terms{"Connect", "Speak"}))
	b, err := remote.MarshalEvent(player.Envelope{Event: player.TrackFailed{Err: why}, Status: player.Status{LastError: why}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.UnmarshalEvent(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{got.Event.(player.TrackFailed).Err, got.Status.LastError} {
		var f *fault.Fault
		if !errors.As(err, &f) || err.Error() != why.Error() || f.Kind != fault.Denied || f.Format != "I lack %s." ||
			!reflect.DeepEqual(f.Args, []any{fault.Terms{"Connect", "Speak"}}) {
			t.Errorf("it became %#v", err)
		}
	}
}

func TestWhatCannotBeReadIsAClearFault(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		kind       fault.Kind
	}{
		{"a newer version's", `{"kind":"rewind","body":{}}`, fault.Unsupported},
		{"no JSON", `{"kind":`, fault.Corrupt},
		{"no body", `{"kind":"play"}`, fault.Corrupt},
		{"another body", `{"kind":"play","body":[]}`, fault.Corrupt},
		{"an error that is none", `{"kind":"left","body":{},"err":[]}`, fault.Corrupt},
		{"an error in the body", `{"kind":"left","body":{"Err":{"a":1}}}`, fault.Corrupt},
		{"an item that is none", `{"kind":"idle","body":{},"status":{"Queue":[null]}}`, fault.Corrupt},
	} {
		_, err := remote.UnmarshalEvent([]byte(tt.text))
		if fault.KindOf(err) != tt.kind && !strings.Contains(tt.text, "play") {
			t.Errorf("%s, as an event: %v", tt.name, err)
		}
		_, err = remote.UnmarshalCommand([]byte(tt.text))
		if fault.KindOf(err) != tt.kind && strings.Contains(tt.text, "play") {
			t.Errorf("%s, as a command: %v", tt.name, err)
		}
		if _, explained := fault.Message(err); err != nil && !explained {
			t.Errorf("%s: %v says nothing to people", tt.name, err)
		}
	}
	got, err := remote.UnmarshalCommand([]byte(`{"kind":"skip","body":{"Count":2,"Gently":true},"from":"later"}`))
	if err != nil || got != (player.Skip{Count: 2}) {
		t.Errorf("fields of a newer version: %v, %v", got, err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	commands, events := remote.Kinds()
	for _, c := range commands {
		b, _ := remote.MarshalCommand(filled(c))
		f.Add(b)
	}
	for _, e := range events {
		b, _ := remote.MarshalEvent(player.Envelope{Guild: 7, Event: filled(e)})
		f.Add(b)
	}
	f.Add([]byte(`{"kind":"left","err":{"kind":"denied"},"body":{},"status":{"LastError":{}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := remote.UnmarshalCommand(b); err == nil {
			again(t, c, remote.MarshalCommand, remote.UnmarshalCommand)
		}
		if e, err := remote.UnmarshalEvent(b); err == nil {
			again(t, e, remote.MarshalEvent, remote.UnmarshalEvent)
		}
		if s, err := remote.UnmarshalStatus(b); err == nil {
			again(t, s, remote.MarshalStatus, remote.UnmarshalStatus)
		}
	})
}

// again sees that what could be read is written and read as the same.
func again[T any](t *testing.T, v T, marshal func(T) ([]byte, error), unmarshal func([]byte) (T, error)) {
	t.Helper()
	first, err := marshal(v)
	if err != nil {
		t.Fatalf("%+v was read and cannot be written: %v", v, err)
	}
	second, err := unmarshal(first)
	if err != nil {
		t.Fatalf("%s cannot be read: %v", first, err)
	}
	if third, err := marshal(second); err != nil || !bytes.Equal(first, third) {
		t.Errorf("%s became %s, %v", first, third, err)
	}
}
