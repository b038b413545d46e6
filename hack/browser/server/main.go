// Command server serves the status pages of a module that has seen everything: a
// fleet, nodes in every state, reports that were rejected, samples that were dropped,
// and names that an edge may choose to do harm. It is for the tests in the browser.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
)

// hostile are names of nodes. The test in the browser knows them by their place.
var hostile = []string{
	`<script>document.title='broken'</script>`, `"><img src=x onerror="document.title='broken'">`, "edge-\u202efdp.exe",
	strings.Repeat("w", 253), "javascript:alert(1)", "łódź-节点-🚀", "..", "with space and\ttab",
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	// Who listens is told by its first line, so a free port must be known before.
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	c := nodemetrics.DefaultConfig()
	c.BindAddress = l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	c.NodeTTL.Duration, c.DisconnectGrace.Duration = time.Hour, time.Second
	c.NodeTTLOverrides = []nodemetrics.TTLOverride{{Nodes: "factory-*", TTL: nodemetrics.Duration{Duration: 2 * time.Hour}}}
	m, err := nodemetrics.New(c)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	fill(m)
	time.Sleep(c.DisconnectGrace.Duration + 100*time.Millisecond) // until what lost its session has expired
	fmt.Printf("http://%s\n", c.BindAddress)
	return <-done
}

// fill sends reports of every kind.
func fill(m *nodemetrics.Module) {
	send := func(node, content string) {
		_, _ = m.Handle(&model.Message{
			Router:  model.MessageRoute{Resource: "node/" + node + "/default/user/sysinfo"},
			Content: []byte(content),
		})
	}
	nodes := fleet.New(fleet.Options{Nodes: 250})
	for i := range nodes.Len() {
		name := strings.Replace(nodes.Name(i), "edge-node-000", "factory-", 1)
		send(name, string(nodes.AppendJSON(nil, i, time.Now().Add(time.Duration(i%5-2)*time.Second), time.Minute)))
		if i%10 == 3 {
			m.Disconnected(name)
		}
		if i%25 == 4 {
			send(name, `{"cpu":{"load1":`)
		}
	}
	for _, name := range hostile {
		send(name, fmt.Sprintf(`{"timestamp":%d,"cpu":{"load1":0.5},"networks":[{"device":"<b>\"\\\u202e\u200b","up":true},{"device":"eth0","up":"maybe"}]}`,
			time.Now().Add(-24*time.Hour).Unix()))
		send(name, `{"cpu":<script>}`)
	}
	for i := range 12 {
		_ = m.Expect(fmt.Sprintf("to-come-%02d", i))
	}
}
