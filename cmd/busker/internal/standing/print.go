package standing

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"busker/cluster"
)

// manyShards is how many are listed one by one; of more only those that are not up.
const manyShards = 64

// Print writes s as tables.
func (s Standing) Print(w io.Writer) error {
	var b strings.Builder
	s.summary(&b)
	table(&b, s.memberRows())
	table(&b, s.shardRows())
	table(&b, s.topicRows())
	table(&b, s.redisRows())
	_, err := io.WriteString(w, b.String())
	return err
}

// PrintJSON writes s for programs.
func (s Standing) PrintJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

func (s Standing) summary(b *strings.Builder) {
	guilds, playing, up := 0, 0, 0
	for _, m := range s.Members {
		guilds, playing = guilds+m.Guilds, playing+m.Playing
	}
	for _, e := range s.Each {
		if e.Of == s.Shards && (e.State == Up || e.State == Leaving) {
			up++
		}
	}
	fmt.Fprintf(b, "%s, %d of %d shards up, %s, %d playing\n", count(len(s.Members), "process", "processes"), up, s.Shards, count(guilds, "server", "servers"), playing)
	if s.Next != 0 {
		fmt.Fprintf(b, "going over from %d to %d shards\n", s.Shards, s.Next)
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// table writes rows in columns; the first is the head.
func table(b *strings.Builder, rows [][]string) {
	if len(rows) < 2 {
		return
	}
	b.WriteString("\n")
	var columns strings.Builder
	t := tabwriter.NewWriter(&columns, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		_, _ = io.WriteString(t, strings.Join(r, "\t")+"\n") // into memory
	}
	_ = t.Flush()
	for line := range strings.Lines(columns.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

func (s Standing) memberRows() [][]string {
	rows := make([][]string, 1, 1+len(s.Members))
	rows[0] = []string{"PROCESS", "ROLE", "HOST", "VERSION", "UP FOR", "SHARDS", "SERVERS", "PLAYERS", "PLAYING", "LOAD", ""}
	for _, m := range s.Members {
		draining := ""
		if m.Draining {
			draining = "draining"
		}
		rows = append(rows, []string{
			s.label(m.ID), m.Role, m.Host, m.Version, uptime(m.Uptime), fmt.Sprint(m.Shards), fmt.Sprint(m.Guilds),
			fmt.Sprint(m.Players), fmt.Sprint(m.Playing), fmt.Sprintf("%.0f %%", m.Load*100), draining,
		})
	}
	return rows
}

// label is what a process is called: its name when no other member has that, and else its
// ID.
func (s Standing) label(id string) string {
	var of []string
	for _, m := range s.Members {
		if cluster.NameOf(m.ID) == cluster.NameOf(id) {
			of = append(of, m.ID)
		}
	}
	if slices.Equal(of, []string{id}) {
		return cluster.NameOf(id)
	}
	return id
}

func uptime(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < 24*time.Hour:
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

func (s Standing) shardRows() [][]string {
	rows := [][]string{{"SHARD", "OWNER", "TOKEN", "LEASE", "STATE"}}
	for _, e := range s.Each {
		if len(s.Each) > manyShards && e.State == Up {
			continue
		}
		name := fmt.Sprint(e.Shard)
		if s.Next != 0 || e.Of != s.Shards {
			name = fmt.Sprintf("%d of %d", e.Shard, e.Of)
		}
		row := []string{name, "nobody", "", "", e.State}
		if e.Owner != "" {
			row[1], row[2], row[3] = s.label(e.Owner), fmt.Sprint(e.Token), fmt.Sprintf("%.1f s", e.Left)
		}
		rows = append(rows, row)
	}
	return rows
}

func (s Standing) topicRows() [][]string {
	rows := make([][]string, 1, 1+len(s.Topics))
	rows[0] = []string{"TOPIC", "WAITING", "PENDING", "DEAD", "OLDEST", "SERVED BY"}
	for _, t := range s.Topics {
		oldest := ""
		if t.Oldest > 0 {
			oldest = fmt.Sprintf("%.1f s", t.Oldest)
		}
		rows = append(rows, []string{
			t.Name, fmt.Sprint(t.Waiting), fmt.Sprint(t.Pending), fmt.Sprint(t.Dead), oldest, strings.Join(t.Servers, ", "),
		})
	}
	return rows
}

func (s Standing) redisRows() [][]string {
	rows := [][]string{{"REDIS", ""}, {"answers after", fmt.Sprintf("%.1f ms", s.Ping*1000)}}
	for _, name := range slices.Sorted(maps.Keys(s.Redis)) {
		if strings.HasSuffix(name, "_bytes") || strings.HasSuffix(name, "_usec") {
			continue // for programs; people read the same in other words
		}
		rows = append(rows, []string{strings.ReplaceAll(name, "_", " "), s.Redis[name]})
	}
	return rows
}
