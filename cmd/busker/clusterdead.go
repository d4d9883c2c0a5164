package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"busker/cluster"
)

// clusterDeadCommand groups the commands about messages nobody could handle.
type clusterDeadCommand struct {
	List   deadListCommand   `cmd:"" help:"List them."`
	Replay deadReplayCommand `cmd:"" help:"Send them again."`
	Bury   deadBuryCommand   `cmd:"" help:"Forget them."`
}

type deadListCommand struct {
	clustered
	Topic string `arg:"" optional:"" help:"Only those of this topic."`
	Body  bool   `help:"Print what they say, too."`
}

// Run lists the dead of one topic, or of all.
func (c *deadListCommand) Run(ctx context.Context) error {
	return c.once(ctx, func(ctx context.Context, cl *cluster.Cluster) error {
		topics, err := c.topics(ctx, cl)
		if err != nil {
			return err
		}
		var b strings.Builder
		b.WriteString("TOPIC\tENTRY\tKIND\tKEY\tTRIED\tDIED\tWHY\n")
		for _, topic := range topics {
			dead, err := cl.Bus.Dead(ctx, topic)
			if err != nil {
				return err
			}
			for _, d := range dead {
				fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%d times\t%s\t%s\n", topic, d.Entry, d.Kind, d.Key, d.Attempt, d.At.Local().Format(time.DateTime), d.Why)
				if c.Body {
					fmt.Fprintf(&b, "\t%q\n", d.Body)
				}
			}
		}
		t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		if _, err := io.WriteString(t, b.String()); err != nil {
			return err
		}
		return t.Flush()
	})
}

func (c *deadListCommand) topics(ctx context.Context, cl *cluster.Cluster) (names []string, err error) {
	if c.Topic != "" {
		return []string{c.Topic}, nil
	}
	states, err := cl.Bus.Topics(ctx)
	for _, s := range states {
		if s.Dead > 0 {
			names = append(names, s.Name)
		}
	}
	return names, err
}

// chosen are dead messages of one topic.
type chosen struct {
	clustered
	Topic   string   `arg:"" help:"Their topic."`
	Entries []string `arg:"" optional:"" name:"entry" help:"Which, as busker cluster dead list names them."`
	All     bool     `help:"All of the topic's."`
}

var errWhich = usageError{errors.New("say which messages, or --all")}

// do does something to them and says to how many.
func (c *chosen) do(ctx context.Context, done string, what func(*cluster.Cluster) func(context.Context, string, ...string) (int, error)) error {
	if c.All == (len(c.Entries) > 0) {
		return errWhich
	}
	return c.once(ctx, func(ctx context.Context, cl *cluster.Cluster) error {
		n, err := what(cl)(ctx, c.Topic, c.Entries...)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(os.Stdout, "%d %s\n", n, done)
		return err
	})
}

type deadReplayCommand struct{ chosen }

// Run sends them again.
func (c *deadReplayCommand) Run(ctx context.Context) error {
	return c.do(ctx, "sent again", func(cl *cluster.Cluster) func(context.Context, string, ...string) (int, error) { return cl.Bus.Replay })
}

type deadBuryCommand struct{ chosen }

// Run forgets them.
func (c *deadBuryCommand) Run(ctx context.Context) error {
	return c.do(ctx, "forgotten", func(cl *cluster.Cluster) func(context.Context, string, ...string) (int, error) { return cl.Bus.Bury })
}
