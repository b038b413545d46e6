package nodemetrics

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
)

// The scenarios that TestBeehive plays, each in a process of its own.
var scenarios = map[string]func() error{
	"messages arrive":        messagesArrive,
	"channel is cleaned up":  channelIsCleanedUp,
	"idle channel is closed": idleChannelIsClosed,
	"context is cancelled":   contextIsCancelled,
	"channel is full":        channelIsFull,
	"module is disabled":     moduleIsDisabled,
	"address is taken":       addressIsTaken,
	"handling panics":        handlingPanics,
	"flood of bad messages":  floodOfBadMessages,
	"joins the default page": joinsTheDefaultPage,
	"runs until a signal":    runsUntilASignal,
}

// register registers the module as a main of cloudcore does.
func register(change func(*Config)) (*Module, error) {
	c := DefaultConfig()
	c.Limits.ReportsPerSecond = 100_000
	var err error
	if c.BindAddress, err = findAddress(); err != nil {
		return nil, err
	}
	if change != nil {
		change(&c)
	}
	return Register(c)
}

// started is a module that beehive runs and whose listener answers.
func started() (*Module, error) {
	m, err := register(nil)
	if err != nil {
		return nil, err
	}
	core.StartModules()
	return m, within(patience, "the listener answers", m.answers)
}

func within(d time.Duration, what string, condition func() bool) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(d)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("not within %v: %s\n%s", d, what, stacks())
		}
	}
	return nil
}

func (m *Module) answers() bool {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + m.config.Load().BindAddress + "/readyz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func stacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// running counts the goroutines, beside the scenario's own, that a function
// stands on the stack of.
func running(function string) int {
	n := 0
	for _, stack := range strings.Split(stacks(), "\n\n") {
		if strings.Contains(stack, function) && !strings.HasPrefix(stack, "goroutine 1 ") {
			n++
		}
	}
	return n
}

const (
	ofModule = "edgegauge/cloud/pkg/nodemetrics.(*Module)"
	ofServer = "net/http.(*Server).Serve"
)

// gone wants nothing of the module to be left.
func (m *Module) gone() error {
	return within(patience, "all of the module is gone", func() bool {
		conn, err := net.Dial("tcp", m.config.Load().BindAddress)
		if err == nil {
			conn.Close()
			return false
		}
		return running(ofModule) == 0 && running(ofServer) == 0 && running("pkg/registry.") == 0
	})
}

func (m *Module) shows(line string) bool { return strings.Contains(page(m), "\n"+line+"\n") }

func messagesArrive() error {
	m, err := started()
	if err != nil {
		return err
	}
	beehiveContext.Send(ModuleName, *message("one", []byte(memory("1"))))
	beehiveContext.SendToGroup(ModuleName, *message("two", memory("2")))
	if err := within(patience, "both nodes are on the page", func() bool {
		return m.shows(`edge_node_memory_total_bytes{node="one"} 1`) && m.shows(`edge_node_memory_total_bytes{node="two"} 2`)
	}); err != nil {
		return err
	}
	beehiveContext.Cancel()
	beehiveContext.Cleanup(ModuleName)
	return m.gone()
}

// Cleanup closes the channel under the receiver, which then sees messages that
// nobody sent, and after that nothing but errors.
func channelIsCleanedUp() error {
	m, err := started()
	if err != nil {
		return err
	}
	entered, release := make(chan struct{}), make(chan struct{})
	beehiveContext.Send(ModuleName, *message("slow", marshaler(func() ([]byte, error) {
		close(entered)
		<-release
		return []byte(memory("1")), nil
	})))
	<-entered
	beehiveContext.Send(ModuleName, *message("queued", memory("2")))
	beehiveContext.Cleanup(ModuleName)
	close(release)
	if err := within(patience, "the receiver ends", func() bool { return running(ofModule+".receive") == 0 }); err != nil {
		return err
	}
	if !m.shows(`edge_node_up{node="slow"} 1`) {
		return errors.New("the message that was being handled is lost")
	}

	// Nothing turns round and round.
	const pause = 300 * time.Millisecond
	before := cpuTime()
	<-time.After(pause)
	if used := cpuTime() - before; used > pause/2 {
		return fmt.Errorf("%v of processor time in %v without work", used, pause)
	}

	beehiveContext.Send(ModuleName, *message("late", memory("3"))) // dropped by beehive
	if _, err := m.Handle(message("direct", memory("4"))); err != nil {
		return err
	}
	if !m.answers() || !m.shows(`edge_node_memory_total_bytes{node="direct"} 4`) {
		return errors.New("the module does not go on by Handle")
	}
	beehiveContext.Cancel()
	return m.gone()
}

// A receiver that waits gets a message that nobody sent when its channel is
// closed, which is no report.
func idleChannelIsClosed() error {
	m, err := started()
	if err != nil {
		return err
	}
	if err := within(patience, "the receiver waits", func() bool { return running("channel.(*Context).Receive") == 1 }); err != nil {
		return err
	}
	beehiveContext.Cleanup(ModuleName)
	if err := within(patience, "the receiver ends", func() bool { return running(ofModule+".receive") == 0 }); err != nil {
		return err
	}
	if !m.shows("nodemetrics_report_duration_seconds_count 0") || !m.answers() {
		return errors.New("the channel's end is taken for a report, or for the module's")
	}
	beehiveContext.Cancel()
	return m.gone()
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Nobody closes the channel: the module must leave Receive on its own.
func contextIsCancelled() error {
	m, err := started()
	if err != nil {
		return err
	}
	idle := &http.Client{Transport: &http.Transport{}} // keeps its connection
	resp, err := idle.Get("http://" + m.config.Load().BindAddress + "/healthz")
	if err != nil {
		return err
	}
	resp.Body.Close()
	beehiveContext.Cancel()
	if err := m.gone(); err != nil {
		return err
	}
	_, err = m.Handle(message("after", memory("1")))
	return err
}

// A full channel parks beehive's senders; the module stops all the same, and
// with the channel's end they are let go.
func channelIsFull() error {
	const room, senders = 1024, 100
	m, err := started()
	if err != nil {
		return err
	}
	entered, release := make(chan struct{}), make(chan struct{})
	beehiveContext.Send(ModuleName, *message("slow", marshaler(func() ([]byte, error) {
		close(entered)
		<-release
		return []byte(memory("1")), nil
	})))
	<-entered
	for range room {
		beehiveContext.Send(ModuleName, *message("edge", memory("1")))
	}
	for range senders {
		beehiveContext.SendToGroup(ModuleName, *message("edge", memory("1")))
		go beehiveContext.Send(ModuleName, *message("edge", memory("1")))
	}
	parked := func() bool { return running("(*Context).Send") == 2*senders }
	if err := within(patience, "the senders are parked", parked); err != nil {
		return err
	}
	if !m.answers() {
		return errors.New("a full channel keeps the pages from being served")
	}
	beehiveContext.Cancel()
	close(release)
	if err := m.gone(); err != nil {
		return err
	}
	beehiveContext.Cleanup(ModuleName)
	return within(patience, "the senders are let go", func() bool { return running("(*Context).Send") == 0 })
}

func moduleIsDisabled() error {
	m, err := register(func(c *Config) { c.Enable = false })
	if err != nil {
		return err
	}
	core.StartModules()
	beehiveContext.Send(ModuleName, *message("edge", memory("1")))
	if m.running.Load() || m.answers() || running(ofModule) != 0 {
		return errors.New("a disabled module runs")
	}
	if m.shows(`edge_node_up{node="edge"} 1`) {
		return errors.New("a message reached a disabled module")
	}
	beehiveContext.Cancel()
	return m.gone()
}

// The listener waits for its address; messages are taken meanwhile.
func addressIsTaken() error {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m, err := register(func(c *Config) { c.BindAddress = other.Addr().String() })
	if err != nil {
		return err
	}
	core.StartModules()
	beehiveContext.Send(ModuleName, *message("edge", memory("1")))
	if err := within(patience, "the message is taken", func() bool { return m.shows(`edge_node_up{node="edge"} 1`) }); err != nil {
		return err
	}
	if running("registry.(*Registry).Run") != 1 || running(ofModule+".watch") != 1 {
		return errors.New("nodes do not expire, or the config does not live, without a listener")
	}
	other.Close()
	if err := within(10*time.Second, "the listener answers", m.answers); err != nil {
		return err
	}
	beehiveContext.Cancel()
	return m.gone()
}

func handlingPanics() error {
	m, err := started()
	if err != nil {
		return err
	}
	bad := marshaler(func() ([]byte, error) { panic("no JSON today") })
	fresh := m.reports.New
	breakPool(m)
	for range 50 {
		beehiveContext.Send(ModuleName, *message("edge", memory("1")))
	}
	if err := within(patience, "50 are counted as internal", func() bool {
		return m.shows(`nodemetrics_reports_total{reason="internal",result="rejected"} 50`)
	}); err != nil {
		return err
	}
	m.reports.New = fresh
	for range 50 {
		beehiveContext.Send(ModuleName, *message("edge", bad))
	}
	if err := within(patience, "50 are counted as not_json", func() bool {
		return m.shows(`nodemetrics_reports_total{reason="not_json",result="rejected"} 50`)
	}); err != nil {
		return err
	}
	beehiveContext.Send(ModuleName, *message("edge", memory("2")))
	if err := within(patience, "a good message is taken", func() bool { return m.shows(`edge_node_memory_total_bytes{node="edge"} 2`) }); err != nil {
		return err
	}
	beehiveContext.Cancel()
	return m.gone()
}

func floodOfBadMessages() error {
	m, err := started()
	if err != nil {
		return err
	}
	before := runtime.NumGoroutine()
	const turns = 2000
	for i := range turns {
		edge := fmt.Sprintf("edge-%d", i)
		for _, msg := range []*model.Message{
			{Content: memory("1")},
			{Router: model.MessageRoute{Resource: "edge-1/membership"}},
			message(edge, nil),
			message(edge, "{"),
			message(edge, strings.Repeat("x", 1000)),
			message(strings.Repeat("n", 300), memory("1")),
		} {
			beehiveContext.Send(ModuleName, *msg)
		}
	}
	if err := within(10*time.Second, "all are counted", func() bool {
		return m.shows(fmt.Sprintf(`nodemetrics_reports_total{reason="no_node",result="rejected"} %d`, 2*turns)) &&
			m.shows(fmt.Sprintf(`nodemetrics_reports_total{reason="not_object",result="rejected"} %d`, turns)) &&
			m.shows(fmt.Sprintf(`nodemetrics_reports_total{reason="truncated",result="rejected"} %d`, turns)) &&
			m.shows(fmt.Sprintf(`nodemetrics_reports_total{reason="not_json",result="rejected"} %d`, turns)) &&
			m.shows(fmt.Sprintf(`nodemetrics_reports_total{reason="bad_node",result="rejected"} %d`, turns))
	}); err != nil {
		return err
	}
	if st := m.registry.Stats(); st.Fresh+st.Expired+st.Pending != 0 {
		return fmt.Errorf("bad messages made nodes known: %+v", st)
	}
	if n := runtime.NumGoroutine(); n > before+3 {
		return fmt.Errorf("%d goroutines, %d before", n, before)
	}
	beehiveContext.Cancel()
	return m.gone()
}

// Without a listener the nodes stand on the page of the default registry.
func joinsTheDefaultPage() error {
	m, err := register(func(c *Config) { c.BindAddress = "" })
	if err != nil {
		return err
	}
	core.StartModules()
	beehiveContext.Send(ModuleName, *message("edge", memory("1")))
	families := func() (n int) {
		all, err := prometheus.DefaultGatherer.Gather()
		if err != nil {
			fmt.Println(err)
			return -1
		}
		for _, f := range all {
			if strings.HasPrefix(f.GetName(), "edge_node_") || strings.HasPrefix(f.GetName(), "nodemetrics_") {
				n++
			}
		}
		return n
	}
	if err := within(patience, "the node is on the default page", func() bool {
		return m.registry.Stats().Fresh == 1 && families() > 10
	}); err != nil {
		return err
	}
	beehiveContext.Cancel()
	if err := within(patience, "the module ends", func() bool { return running(ofModule) == 0 }); err != nil {
		return err
	}
	if n := families(); n != 0 {
		return fmt.Errorf("%d families on the default page after the end", n)
	}
	return nil
}

// The whole life in cloudcore: the address is printed once it is served.
func runsUntilASignal() error {
	m, err := register(nil)
	if err != nil {
		return err
	}
	told := make(chan error, 1)
	go func() {
		err := within(patience, "the listener answers", m.answers)
		fmt.Println(m.config.Load().BindAddress)
		told <- err
	}()
	core.Run()
	return <-told
}
