package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"busker/internal/telemetry"
)

// EnvPrefix begins the environment name of every setting.
const EnvPrefix = "BUSKER"

// Settings returns the flags that are settings, in the order of Groups; among them the
// hidden ones, which a file may hold and no list of settings names.
func Settings() ([]*kong.Flag, error) {
	var c Config
	parser, err := kong.New(&c, kong.Name("busker"), kong.DefaultEnvars(EnvPrefix), kong.ExplicitGroups(Groups()))
	if err != nil {
		return nil, fmt.Errorf("read the settings' tags: %w", err)
	}
	var flags []*kong.Flag
	for _, g := range Groups() {
		for _, f := range parser.Model.Flags {
			if f.Group != nil && f.Group.Key == g.Key {
				flags = append(flags, f)
			}
		}
	}
	return flags, nil
}

// Names returns the names of the settings' flags.
func Names() ([]string, error) {
	flags, err := Settings()
	names := make([]string, len(flags))
	for i, f := range flags {
		names[i] = f.Name
	}
	return names, err
}

// Example writes a commented file with every setting at its default.
func Example(w io.Writer) error {
	flags, err := Settings()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Busker's configuration: every setting with its default.\n" +
		"# Precedence: flags, then environment, then this file, then defaults.\n" +
		"# Try it: busker config print --config FILE\n")
	last := ""
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		section, key := Split(f.Name)
		if section != last || section == "" {
			b.WriteString("\n")
		}
		indent := begin(&b, section, &last)
		for _, line := range wrap(f.Help, 90) {
			fmt.Fprintf(&b, "%s# %s\n", indent, line)
		}
		fmt.Fprintf(&b, "%s# Flag --%s, environment %s.\n", indent, f.Name, strings.Join(f.Envs, " or "))
		fmt.Fprintf(&b, "%s%s\n", indent, strings.TrimRight(key+": "+exampleValue(f), " "))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// begin writes the head of a section that is not the last one's, and returns how its
// keys are indented.
func begin(b *strings.Builder, section string, last *string) (indent string) {
	if section == "" {
		return ""
	}
	if section != *last {
		fmt.Fprintf(b, "%s:\n", section)
		*last = section
	}
	return "  "
}

func exampleValue(f *kong.Flag) string {
	if f.Default == "" && f.Target.Kind() == reflect.Bool {
		return "false"
	}
	return f.Default
}

// Print writes the settings of c as a file that would give them again, each with
// where it came from; secrets are hidden.
func Print(w io.Writer, c *Config, origins Origins) error {
	flags, err := Settings()
	if err != nil {
		return err
	}
	values := Values(c)
	var b strings.Builder
	last := ""
	for _, f := range flags {
		if f.Hidden && values[f.Name] == "" {
			continue
		}
		section, key := Split(f.Name)
		indent := begin(&b, section, &last)
		fmt.Fprintf(&b, "%-38s # %s\n", strings.TrimRight(indent+key+": "+values[f.Name], " "), origins.Of(f.Name))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// Values returns the settings of c as text, by flag name.
func Values(c *Config) map[string]string {
	values := map[string]string{}
	parser := kong.Must(c, kong.DefaultEnvars(EnvPrefix))
	for _, f := range parser.Model.Flags {
		values[f.Name] = text(f.Target)
	}
	return values
}

func text(v reflect.Value) string {
	if s, ok := v.Interface().(telemetry.Secret); ok {
		return s.String()
	}
	return fmt.Sprint(v.Interface())
}

func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
