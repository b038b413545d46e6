package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/hack/bench/contender"
)

// What a process that takes one report a second of each of 600 nodes looks like when
// the other side stalls: the old design, a push for each message, beside the module.
const (
	pushNever   = "a push per message, never answered"
	pushSlowly  = "a push per message, answered after 5 s"
	pulled      = "edgegauge, pages asked for and never read"
	stallNodes  = 600
	slowly      = 5 * time.Second
	stallReader = 20 // scrapers that never read
)

var stallDesigns = []string{pushNever, pushSlowly, pulled}

// stallSample is what such a process is at one moment.
type stallSample struct {
	Second      float64 `json:"second"`
	Goroutines  int     `json:"goroutines"`
	Heap        float64 `json:"heap"` // bytes in use
	Descriptors int     `json:"descriptors"`
	Wait        float64 `json:"wait"` // seconds that the oldest unfinished, or the slowest finished, message has waited
	Sent        int     `json:"sent"`
	Done        int     `json:"done"` // pushed and answered, or on the page
}

// stall runs the designs one after the other, each in a process of its own, and
// draws them.
func stall(args []string) error {
	flags := flag.NewFlagSet("stall", flag.ContinueOnError)
	seconds := flags.Int("seconds", 20, "how long each design runs, up to 30")
	out := flags.String("out", ".", "write into this `directory`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *seconds < 2 || *seconds > 30 {
		return fmt.Errorf("-seconds: %d, must be from 2 to 30: a push holds a port and a descriptor", *seconds)
	}
	all := map[string][]stallSample{}
	for _, design := range stallDesigns {
		samples, err := stallOne(design, *seconds)
		if err != nil {
			return fmt.Errorf("%s: %w", design, err)
		}
		all[design] = samples
		last := samples[len(samples)-1]
		fmt.Printf("%-44s after %2.0f s: %6d goroutines, %7.1f MB of heap, %6d descriptors, a message waits %8.3f s; %d of %d done\n",
			design, last.Second, last.Goroutines, last.Heap/1e6, last.Descriptors, last.Wait, last.Done, last.Sent)
	}
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*out, "stall.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return plotStall(all, filepath.Join(*out, "stall.svg"))
}

// stallOne runs one design beside a party that stalls, which is in this process.
func stallOne(design string, seconds int) ([]stallSample, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds+60)*time.Second)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	gateway := ""
	if design != pulled {
		server, address, err := stallingServer(design == pushSlowly)
		if err != nil {
			return nil, err
		}
		defer server.Close()
		gateway = "http://" + address
	}
	cmd := exec.CommandContext(ctx, self, "stalled", "-gateway", gateway, "-seconds", fmt.Sprint(seconds))
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() { _ = cmd.Wait() }()
	lines := bufio.NewScanner(pipe)
	if !lines.Scan() {
		return nil, fmt.Errorf("the process says nothing: %v", lines.Err())
	}
	if design == pulled {
		readers, stop := context.WithCancel(ctx)
		defer stop()
		for range stallReader {
			go neverRead(readers, lines.Text())
		}
	}
	var samples []stallSample
	for lines.Scan() {
		var s stallSample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	if len(samples) < seconds-1 {
		return nil, fmt.Errorf("%d samples in %d seconds", len(samples), seconds)
	}
	return samples, nil
}

// stallingServer accepts pushes and answers them slowly or never.
func stallingServer(answers bool) (io.Closer, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	if answers {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			time.Sleep(slowly)
		})}
		go func() { _ = server.Serve(l) }()
		return server, l.Addr().String(), nil
	}
	never := &silent{Listener: l}
	go never.accept()
	return never, l.Addr().String(), nil
}

// silent accepts connections and says nothing on them.
type silent struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (s *silent) accept() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
	}
}

// Close closes the listener and all that it accepted.
func (s *silent) Close() error {
	err := s.Listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	return err
}

// neverRead asks for the page again and again on one connection without reading an
// answer, and begins anew whenever it is cut.
func neverRead(ctx context.Context, address string) {
	for ctx.Err() == nil {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = c.Close() })
		for {
			if _, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		stop()
		_ = c.Close()
	}
}

// stalled is the process of one design: a beehive module that is sent the reports of
// the fleet, and either pushes each or hands it to nodemetrics.
func stalled(args []string) error {
	flags := flag.NewFlagSet("stalled", flag.ContinueOnError)
	gateway := flags.String("gateway", "", "push there; \"\" is nodemetrics")
	seconds := flags.Int("seconds", 20, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	begin := time.Now()
	data := contender.NewData(stallNodes, begin)
	t := &taker{times: map[string]time.Time{}}
	if *gateway != "" {
		nodes := map[string]int{}
		for i := range stallNodes {
			nodes[data.Fleet.Name(i)] = i
		}
		// As it was: a goroutine and a pusher for each message, without a timeout.
		t.take = func(msg *model.Message, done func()) {
			go func() {
				node := strings.Split(msg.GetResource(), "/")[1]
				if pushReport(*gateway, data.Report(nodes[node], 0)) == nil {
					done()
				}
			}()
		}
		fmt.Println("pushing")
	} else {
		c := nodemetrics.DefaultConfig()
		address, err := freeAddress()
		if err != nil {
			return err
		}
		c.BindAddress, c.Host = address, prometheus.NewRegistry()
		module, err := nodemetrics.New(c)
		if err != nil {
			return err
		}
		go func() { _ = module.Run(context.Background()) }()
		t.take = func(msg *model.Message, done func()) {
			if _, err := module.Handle(msg); err == nil {
				done()
			}
		}
		fmt.Println(address)
	}
	core.Register(t)
	go core.Run()
	time.Sleep(time.Second) // until beehive has the module's channel

	encoder := json.NewEncoder(os.Stdout)
	start := time.Now()
	for i := range stallNodes * *seconds {
		// By the clock, not by a ticker's ticks, of which a busy machine loses some.
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / stallNodes)))
		if i%stallNodes == 0 && i > 0 {
			if err := encoder.Encode(t.sample(time.Since(start))); err != nil {
				return err
			}
		}
		r := data.Report(i%stallNodes, i/stallNodes)
		msg := model.NewMessage("").BuildRouter("cloudhub", "user", "node/"+r.Node+"/default/user/sysinfo", "update").FillBody(r.Message)
		t.sent(msg.GetID())
		beehiveContext.Send(takerName, *msg)
	}
	if err := encoder.Encode(t.sample(time.Since(start))); err != nil {
		return err
	}
	os.Exit(0) // with all that still waits
	return nil
}

const takerName = "taker"

// taker is a beehive module that takes reports from its channel.
type taker struct {
	take func(msg *model.Message, done func())

	mu      sync.Mutex
	times   map[string]time.Time // when each unfinished message was sent
	slowest time.Duration        // of those finished since the last sample
	count   int
	done    atomic.Int64
}

func (*taker) Name() string  { return takerName }
func (*taker) Group() string { return takerName }
func (*taker) Enable() bool  { return true }

// Start takes messages for good.
func (t *taker) Start() {
	for {
		msg, err := beehiveContext.Receive(takerName)
		if err != nil {
			return
		}
		t.take(&msg, func() { t.finished(msg.GetID()) })
	}
}

func (t *taker) sent(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times[id] = time.Now()
	t.count++
}

func (t *taker) finished(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slowest = max(t.slowest, time.Since(t.times[id]))
	delete(t.times, id)
	t.done.Add(1)
}

func (t *taker) sample(age time.Duration) stallSample {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, _ := os.ReadDir("/proc/self/fd") // without it the number is 0
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := t.slowest
	t.slowest = 0
	for _, sent := range t.times {
		wait = max(wait, time.Since(sent))
	}
	return stallSample{Second: age.Seconds(), Goroutines: runtime.NumGoroutine(), Heap: float64(m.HeapInuse), Descriptors: len(fds),
		Wait: wait.Seconds(), Sent: t.count, Done: int(t.done.Load())}
}
