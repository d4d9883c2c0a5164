package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"busker/cluster"
	"busker/cluster/clustertest"
	"busker/internal/bubble"
)

func TestLocalBus(t *testing.T) {
	clustertest.TestBus(t, func(testing.TB) func() clustertest.Process {
		bus := cluster.Local().Bus
		return func() clustertest.Process { return clustertest.Process{Bus: bus} }
	})
}

func TestLocalBusOutlastsServers(t *testing.T) {
	clustertest.TestBusDeaths(t, func(testing.TB) func() clustertest.Process {
		bus := cluster.Local().Bus
		return func() clustertest.Process { return clustertest.Process{Bus: bus} }
	})
}

func TestResultsAreKeptForAWhile(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		bus := cluster.Local().Bus
		ctx, cancel := context.WithCancel(t.Context())
		handled := 0
		go bus.Serve(ctx, "work", cluster.Server{Handle: func(context.Context, cluster.Message) ([]byte, error) {
			handled++
			return fmt.Append(nil, handled), nil
		}})
		ask := func() string {
			answer, err := bus.Request(ctx, "work", cluster.Message{ID: "1", Key: "k"})
			if err != nil {
				t.Error(err)
			}
			return string(answer)
		}
		if first := ask(); first != "1" {
			t.Error(first)
		}
		<-time.After(cluster.Keep - time.Second)
		if kept := ask(); kept != "1" {
			t.Errorf("handled again after %v", cluster.Keep-time.Second)
		}
		<-time.After(2 * time.Second)
		if again := ask(); again != "2" {
			t.Errorf("kept longer than %v", cluster.Keep)
		}
		cancel()
		synctest.Wait()
	})
}

func TestFailuresAreTriedLaterAndLater(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		bus := cluster.Local().Bus
		ctx, cancel := context.WithCancel(t.Context())
		var at []time.Time
		go bus.Serve(ctx, "work", cluster.Server{Retries: 9, Handle: func(context.Context, cluster.Message) ([]byte, error) {
			at = append(at, time.Now())
			return nil, errors.New("no")
		}})
		if err := bus.Send(ctx, "work", cluster.Message{Key: "k"}); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		synctest.Wait()
		if len(at) != 10 {
			t.Fatalf("tried %d times", len(at))
		}
		want := 100 * time.Millisecond
		for i := range 9 {
			if d := at[i+1].Sub(at[i]); d < want*3/4 || d > want*5/4 {
				t.Errorf("pause %d is %v, want about %v", i, d, want)
			}
			want = min(2*want, 10*time.Second)
		}
		cancel()
		synctest.Wait()
	})
}

func TestFollowersWhoFallBehindAreTold(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		bus := cluster.Local().Bus
		ctx, cancel := context.WithCancel(t.Context())
		busy, heard, missed := make(chan struct{}), 0, 0
		go bus.Follow(ctx, "news", func(e cluster.Event) {
			<-busy
			heard++
			if e.Missed {
				missed++
			}
		})
		synctest.Wait()
		publish := func(n int) {
			for range n {
				if err := bus.Publish(ctx, "news", "x", nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		publish(1)
		synctest.Wait()
		publish(cluster.Backlog + 5)
		close(busy)
		synctest.Wait()
		if heard != cluster.Backlog+1 || missed != 1 {
			t.Errorf("heard %d, told of missing %d times", heard, missed)
		}
		cancel()
		synctest.Wait()
	})
}
