package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// DefaultFile is read from the working directory when it is there and no other
// file is named.
const DefaultFile = "busker.yaml"

// Origins remembers where each setting's value came from: flag name → "flag",
// "environment DISCORD_TOKEN", "busker.yaml:12" or "default".
type Origins map[string]string

// Of returns where the named flag's value came from.
func (o Origins) Of(flag string) string {
	if from, ok := o[flag]; ok {
		return from
	}
	return "flag" // kong asks the resolver only about flags that are not given
}

// setting is one value in the file.
type setting struct {
	value string
	line  int
}

// File is a configuration file as a kong.Resolver: it supplies what neither a flag
// nor the environment does, and records where every value came from.
type File struct {
	name     string
	settings map[string]setting // by flag name
	origins  Origins
}

// Open reads and checks the file. The empty name means DefaultFile, or no file
// when there is none. known lists the flag names that are settings.
func Open(name string, known []string) (*File, error) {
	optional := name == ""
	if optional {
		name = DefaultFile
	}
	raw, err := os.ReadFile(name)
	if optional && errors.Is(err, os.ErrNotExist) {
		return &File{origins: Origins{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	settings, err := parse(raw, known)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return &File{name: name, settings: settings, origins: Origins{}}, nil
}

// Origins is complete once the command line is parsed.
func (f *File) Origins() Origins { return f.origins }

// Validate satisfies kong.Resolver; Open has checked the file already.
func (f *File) Validate(*kong.Application) error { return nil }

// Resolve satisfies kong.Resolver.
func (f *File) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, ok := os.LookupEnv(env); ok {
			f.origins[flag.Name] = "environment " + env
			return nil, nil
		}
	}
	s, ok := f.settings[flag.Name]
	if !ok {
		f.origins[flag.Name] = "default"
		return nil, nil
	}
	at := fmt.Sprintf("%s:%d", f.name, s.line)
	if err := acceptable(flag, s.value); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	f.origins[flag.Name] = at
	return s.value, nil
}

// acceptable tries the value, so that the complaint can name the file's line.
func acceptable(flag *kong.Flag, value string) error {
	if flag.Enum != "" && !flag.EnumMap()[value] {
		return fmt.Errorf("%q is not one of %s", value, strings.ReplaceAll(flag.Enum, ",", ", "))
	}
	scan := kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: value})
	trial := reflect.New(flag.Target.Type()).Elem()
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, trial)
}

// parse reads two levels of YAML, section and key, into flag names; a flag of one word
// is a key without a section. Its errors begin with the line.
func parse(raw []byte, known []string) (map[string]setting, error) {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	settings := map[string]setting{}
	for _, doc := range file.Docs {
		sections, err := mapping(doc.Body)
		if err != nil {
			return nil, err
		}
		for _, section := range sections {
			if err := section.read(settings, known); err != nil {
				return nil, err
			}
		}
	}
	return settings, nil
}

// pair is one "key: value" of a mapping.
type pair struct {
	key   string
	line  int
	value ast.Node
}

func mapping(node ast.Node) ([]pair, error) {
	var pairs []pair
	add := func(v *ast.MappingValueNode) {
		pairs = append(pairs, pair{v.Key.GetToken().Value, v.Key.GetToken().Position.Line, v.Value})
	}
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
	case *ast.MappingNode:
		for _, v := range n.Values {
			add(v)
		}
	case *ast.MappingValueNode:
		add(n)
	default:
		return nil, fmt.Errorf("%d: want keys with values, found %q", node.GetToken().Position.Line, node.GetToken().Value)
	}
	return pairs, nil
}

func (p pair) read(into map[string]setting, known []string) error {
	if slices.Contains(known, p.key) {
		return p.set(into, p.key, p.key)
	}
	if names := sections(known); !slices.Contains(names, p.key) {
		return unknown(p.line, "section", p.key, names)
	}
	keys, err := mapping(p.value)
	if err != nil {
		return err
	}
	for _, k := range keys {
		flag := p.key + "-" + strings.ReplaceAll(k.key, "_", "-")
		if !slices.Contains(known, flag) || strings.Contains(k.key, "-") {
			return unknown(k.line, "key", p.key+"."+k.key, keysOf(known))
		}
		if err := k.set(into, flag, p.key+"."+k.key); err != nil {
			return err
		}
	}
	return nil
}

// set takes the pair's value as that of a flag, which the file calls name.
func (p pair) set(into map[string]setting, flag, name string) error {
	if _, twice := into[flag]; twice {
		return fmt.Errorf("%d: %s is set twice", p.line, name)
	}
	switch v := p.value.(type) {
	case *ast.NullNode: // "key:" with nothing behind it leaves the default
	case ast.ScalarNode:
		into[flag] = setting{fmt.Sprint(v.GetValue()), p.line}
	default:
		return fmt.Errorf("%d: %s wants one value", p.line, name)
	}
	return nil
}

func syntaxError(err error) error {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		return fmt.Errorf("%d: %s", syntax.Token.Position.Line, syntax.Message)
	}
	return fmt.Errorf(" %w", err)
}

// sections and keysOf turn flag names into what the file calls them.
func sections(flags []string) []string {
	var names []string
	for _, f := range flags {
		section, key := Split(f)
		if section == "" {
			section = key // a key without a section stands where sections do
		}
		if !slices.Contains(names, section) {
			names = append(names, section)
		}
	}
	return names
}

func keysOf(flags []string) []string {
	names := make([]string, len(flags))
	for i, f := range flags {
		section, key := Split(f)
		names[i] = strings.TrimPrefix(section+"."+key, ".")
	}
	return names
}

// Split turns a flag's name into the file's section and key: "voice-lookahead" is
// lookahead of voice. A name of one word is a key without a section.
func Split(flag string) (section, key string) {
	section, key, found := strings.Cut(flag, "-")
	if !found {
		return "", flag
	}
	return section, strings.ReplaceAll(key, "-", "_")
}

func unknown(line int, what, name string, candidates []string) error {
	if best := nearest(name, candidates); best != "" {
		return fmt.Errorf("%d: unknown %s %q; did you mean %q?", line, what, name, best)
	}
	return fmt.Errorf("%d: unknown %s %q", line, what, name)
}
