package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// wire is an error as one process tells it to another.
type wire struct {
	Kind    string    `json:"kind"`
	Message string    `json:"message,omitempty"` // "" = nobody outside may read it
	Format  string    `json:"format,omitempty"`
	Args    []wireArg `json:"args,omitempty"`
	Cause   string    `json:"cause,omitempty"` // of the fault, for the log
	Text    string    `json:"text,omitempty"`  // of the whole error, where that is more than the fault
}

// wireArg is an argument of Format. Exactly one is set.
type wireArg struct {
	Term     *Term          `json:"term,omitempty"`
	Terms    Terms          `json:"terms,omitzero"`
	Text     *string        `json:"text,omitempty"`
	Int      *int64         `json:"int,omitempty"`
	Uint     *uint64        `json:"uint,omitempty"`
	Float    *float64       `json:"float,omitempty"`
	Bool     *bool          `json:"bool,omitempty"`
	Duration *time.Duration `json:"duration,omitempty"`
}

// relayed is an error that came from another process: the fault in it, and its whole text.
type relayed struct {
	error
	text string
}

func (r relayed) Error() string { return r.text }
func (r relayed) Unwrap() error { return r.error }

// Marshal writes err, which must not be nil, as JSON for another process. Its kind,
// message, format and arguments survive, of its causes the text.
func Marshal(err error) []byte {
	w := wire{Kind: KindOf(err).String()}
	var f *Fault
	if errors.As(err, &f) {
		w.Message, w.Format = f.Message, f.Format
		for _, a := range f.Args {
			w.Args = append(w.Args, toWire(a))
		}
		if f.Err != nil {
			w.Cause = f.Err.Error()
		}
	}
	if text := err.Error(); f == nil || text != f.Error() {
		w.Text = text
	}
	b, err := json.Marshal(w)
	if err != nil { // a number that is none
		b, _ = json.Marshal(wire{Kind: w.Kind, Message: w.Message, Format: w.Message, Text: w.Text})
	}
	return b
}

// Unmarshal reads what Marshal wrote. A kind that a newer version knows becomes Internal;
// what is no such JSON is an error of its own.
func Unmarshal(b []byte) (err, damaged error) {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("read an error of another process: %w", err)
	}
	kind := Kind(max(0, slices.Index(names[:], w.Kind)))
	if w.Message == "" && w.Format == "" {
		return bare(kind, w.Text), nil
	}
	f := &Fault{Kind: kind, Message: w.Message, Format: w.Format}
	for _, a := range w.Args {
		f.Args = append(f.Args, a.value())
	}
	if w.Cause != "" {
		f.Err = errors.New(w.Cause)
	}
	if w.Text != "" {
		return relayed{f, w.Text}, nil
	}
	return f, nil
}

// bare returns an error without a message for people.
func bare(kind Kind, text string) error {
	switch kind {
	case Canceled:
		return relayed{context.Canceled, text}
	case Timeout:
		return relayed{context.DeadlineExceeded, text}
	case Internal:
		return errors.New(text)
	}
	return &Fault{Kind: kind, Err: errors.New(text)}
}

// toWire returns an argument as what Format and its translations can still take.
func toWire(arg any) wireArg {
	switch a := arg.(type) {
	case Term:
		return wireArg{Term: &a}
	case Terms:
		return wireArg{Terms: append(Terms{}, a...)}
	case time.Duration:
		return wireArg{Duration: &a}
	case fmt.Stringer, error:
		return wireArg{Text: new(fmt.Sprint(a))}
	}
	switch v := reflect.ValueOf(arg); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return wireArg{Int: new(v.Int())}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return wireArg{Uint: new(v.Uint())}
	case reflect.Float32, reflect.Float64:
		return wireArg{Float: new(v.Float())}
	case reflect.Bool:
		return wireArg{Bool: new(v.Bool())}
	}
	return wireArg{Text: new(fmt.Sprint(arg))}
}

func (a wireArg) value() any {
	switch {
	case a.Term != nil:
		return *a.Term
	case a.Terms != nil:
		return a.Terms
	case a.Int != nil:
		return int(*a.Int)
	case a.Uint != nil:
		return *a.Uint
	case a.Float != nil:
		return *a.Float
	case a.Bool != nil:
		return *a.Bool
	case a.Duration != nil:
		return *a.Duration
	case a.Text != nil:
		return *a.Text
	}
	return ""
}
