//go:build go1.25

//go:debug asynctimerchan=0

package nodemetrics

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A module that runs takes up a changed file by itself, and with a shorter TTL
// expires nodes by it, without a scrape or a report in between.
func TestLiveTTL(t *testing.T) {
	host := prometheus.NewRegistry()
	registerer := prometheus.DefaultRegisterer
	prometheus.DefaultRegisterer = host
	defer func() { prometheus.DefaultRegisterer = registerer }()

	mnt := newMount(t, cloudcoreFile("bindAddress: \"\"\nnodeTTL: 5m\ndisconnectGrace: 10s\nretention: 10m"))
	synctest.Test(t, func(t *testing.T) {
		m := fromMount(t, mnt)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		const up, sample = `edge_node_up{node="edge"} `, `edge_node_memory_total_bytes{node="edge"} 7`
		accept(t, m, message("edge", memory("7")))

		time.Sleep(4 * time.Minute)
		wantLine(t, m, up+"1")
		mnt.swap(cloudcoreFile("bindAddress: \"\"\nnodeTTL: 2m\ndisconnectGrace: 10s\nretention: 10m"))
		time.Sleep(watchPeriod + secondLook)
		synctest.Wait()
		wantLine(t, m, ttlSeconds+"120")
		wantLine(t, m, up+"0")
		wantNoLine(t, m, sample)

		accept(t, m, message("edge", memory("7")))
		time.Sleep(2*time.Minute - time.Nanosecond)
		wantLine(t, m, sample)
		time.Sleep(time.Nanosecond)
		wantNoLine(t, m, sample)
		wantLine(t, m, up+"0")
		time.Sleep(10*time.Minute - time.Nanosecond)
		wantLine(t, m, up+"0")
		time.Sleep(time.Nanosecond)
		wantNoLine(t, m, `edge_node_up{node="edge"}`)

		accept(t, m, message("edge", memory("7")))
		m.Disconnected("edge")
		time.Sleep(10 * time.Second)
		wantLine(t, m, up+"0")
		accept(t, m, message("edge", memory("7")))
		m.Disconnected("edge")
		m.Connected("edge")
		time.Sleep(10 * time.Second)
		wantLine(t, m, up+"1")
		m.Forget("edge")
		wantNoLine(t, m, `edge_node_up{node="edge"}`)

		if err := m.Expect("silent"); err != nil {
			t.Error(err)
		}
		wantNoLine(t, m, `edge_node_up{node="silent"}`)
		time.Sleep(2 * time.Minute)
		wantLine(t, m, `edge_node_up{node="silent"} 0`)

		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
