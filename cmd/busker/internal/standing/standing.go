// Package standing shows people and programs what the processes of a bot agree on: who
// is there, who has which shard, what waits on the bus, how Redis is.
//
// It only reads.
package standing

import (
	"context"
	"fmt"
	"time"

	"busker/cluster"
	"busker/gateway"
)

// Standing is what was found at a moment. Times are in seconds where they are numbers.
type Standing struct {
	At      time.Time         `json:"at"`
	Shards  int               `json:"shards"`         // 0 before any was connected
	Next    int               `json:"next,omitempty"` // while there is resharding
	Members []Member          `json:"members"`
	Each    []Shard           `json:"each"`
	Topics  []Topic           `json:"topics"`
	Redis   map[string]string `json:"redis"`
	Ping    float64           `json:"ping_seconds"`
}

// Member is a process.
type Member struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"` // several may have one
	Role     string  `json:"role"`
	Host     string  `json:"host"`
	Version  string  `json:"version"`
	Uptime   float64 `json:"uptime_seconds"`
	Shards   int     `json:"shards"`
	Guilds   int     `json:"guilds"`
	Players  int     `json:"players"`
	Playing  int     `json:"playing"`
	Load     float64 `json:"load"` // 0 to 1
	Draining bool    `json:"draining"`
}

// Shard is one shard of one set.
type Shard struct {
	Shard  int     `json:"shard"`
	Of     int     `json:"of"`
	Owner  string  `json:"owner"` // "" = nobody
	Token  uint64  `json:"token"`
	Left   float64 `json:"lease_left_seconds"`
	State  string  `json:"state"`
	Active bool    `json:"active"`
}

// The states of shards.
const (
	Up       = "up"       // its session has begun
	Starting = "starting" // it has an owner that connects
	Leaving  = "leaving"  // its owner drains
	Orphaned = "orphaned" // its owner is no longer there, and the lease runs out
	Free     = "free"     // nobody has it
)

// Topic is a topic of the bus.
type Topic struct {
	Name    string   `json:"name"`
	Waiting int      `json:"waiting"` // for somebody to handle it
	Pending int      `json:"pending"` // being handled
	Dead    int      `json:"dead"`
	Oldest  float64  `json:"oldest_seconds"`
	Servers []string `json:"servers"`
}

// Take reads everything.
func Take(ctx context.Context, c *cluster.Cluster) (s Standing, err error) {
	s.At = time.Now()
	ping, err := c.Health.Ping(ctx)
	if err != nil {
		return s, err
	}
	s.Ping = ping.Seconds()
	if s.Redis, err = c.Health.Facts(ctx); err != nil {
		return s, fmt.Errorf("ask how Redis is: %w", err)
	}
	members, err := c.Members.Members(ctx)
	if err != nil {
		return s, fmt.Errorf("ask who is there: %w", err)
	}
	o, err := gateway.Look(ctx, c)
	if err != nil {
		return s, err
	}
	topics, err := c.Bus.Topics(ctx)
	if err != nil {
		return s, fmt.Errorf("ask for the topics: %w", err)
	}
	s.Shards, s.Next = o.Shards, o.Next
	s.members(members, o.Each)
	s.shards(o.Each)
	s.topics(topics)
	return s, nil
}

// members counts each one's shards by the leases: its own word also counts those it gave
// away a moment ago.
func (s *Standing) members(members []cluster.Member, each []gateway.Whose) {
	shards := map[string]int{}
	for _, w := range each {
		shards[w.Owner]++
	}
	s.Members = make([]Member, 0, len(members)) // JSON: a list, be it empty
	for _, m := range members {
		s.Members = append(s.Members, Member{
			ID: m.ID, Name: cluster.NameOf(m.ID), Role: m.Role, Host: m.Host, Version: m.Version, Uptime: s.At.Sub(m.Started).Seconds(),
			Shards: shards[m.ID], Guilds: m.Guilds, Players: m.Players, Playing: m.Playing, Load: m.Load, Draining: m.Draining,
		})
	}
}

// member returns a process that is there.
func (s *Standing) member(id string) (Member, bool) {
	for _, m := range s.Members {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

func (s *Standing) shards(each []gateway.Whose) {
	s.Each = make([]Shard, 0, len(each))
	for _, w := range each {
		s.Each = append(s.Each, Shard{
			Shard: w.Shard, Of: w.Shards, Owner: w.Owner, Token: w.Token, Left: w.Left.Seconds(), State: s.state(w), Active: w.Active,
		})
	}
}

func (s *Standing) state(w gateway.Whose) string {
	owner, there := s.member(w.Owner)
	switch {
	case w.Owner == "":
		return Free
	case !there:
		return Orphaned
	case owner.Draining:
		return Leaving
	case !w.Up:
		return Starting
	}
	return Up
}

// serverSilent is how long a server may not have asked for messages before it counts as
// gone; those that are there ask every few seconds.
const serverSilent = 30 * time.Second

// topics leaves out those in which nothing is, and that nobody serves: they were a
// process's that has ended.
func (s *Standing) topics(topics []cluster.TopicState) {
	s.Topics = make([]Topic, 0, len(topics))
	for _, t := range topics {
		servers := make([]string, 0, len(t.Consumers))
		for _, c := range t.Consumers {
			if c.Seen >= 0 && c.Seen <= serverSilent {
				servers = append(servers, c.Name)
			}
		}
		if t.Length+t.Dead+len(servers) == 0 {
			continue
		}
		s.Topics = append(s.Topics, Topic{
			Name: t.Name, Waiting: t.Lag, Pending: t.Pending, Dead: t.Dead, Oldest: t.Oldest.Seconds(), Servers: servers,
		})
	}
}
