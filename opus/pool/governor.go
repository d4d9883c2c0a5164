package pool

import "time"

// step is one rung of the complexity ladder. Steps of libopus that cost the same are
// left out (9 and 10 are 8, 6 is 5).
type step struct {
	complexity int
	// raise: below this load encoders come up to this step, after calm. What the step
	// costs more than the one below (1.6, 1.25, 1.6 times) keeps the load under lower.
	raise float64
	// lower: above this load they go down to the next.
	lower float64
}

var ladder = []step{
	{complexity: 8, raise: 0.50, lower: 0.80},
	{complexity: 5, raise: 0.60, lower: 0.80},
	{complexity: 4, raise: 0.55, lower: overload},
	{complexity: 0},
}

const (
	overload = 0.95            // above this load encoders go down to the last step at once
	calm     = 5 * time.Second // how long the load must allow a step up
)

// governor walks the ladder.
type governor struct {
	steps []step
	at    int
	calm  time.Duration // for so long a step up has been possible
}

func newGovernor(complexity int, fixed bool) governor {
	switch {
	case fixed && complexity == 0:
		complexity = 5
	case complexity == 0:
		return governor{steps: ladder, at: 1}
	}
	g := governor{steps: []step{{complexity: complexity, raise: 0.50, lower: 0.80}}}
	for _, s := range ladder {
		if s.complexity < complexity && !fixed {
			g.steps = append(g.steps, s)
		}
	}
	return g
}

func (g *governor) complexity() int { return g.steps[g.at].complexity }

// observe takes the load of the time just past and reports whether the step changed.
func (g *governor) observe(load float64, period time.Duration) (moved bool) {
	last := len(g.steps) - 1
	switch {
	case g.at < last && load > overload:
		g.at, g.calm = last, 0
		return true
	case g.at < last && load > g.steps[g.at].lower:
		g.at, g.calm = g.at+1, 0
		return true
	case g.at == 0 || load >= g.steps[g.at-1].raise:
		g.calm = 0
		return false
	}
	g.calm += period
	if g.calm < calm {
		return false
	}
	g.at, g.calm = g.at-1, 0
	return true
}
