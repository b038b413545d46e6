package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/edgegauge/edgegauge/hack/bench/contender"
)

// request is what the measuring process asks of a server process, one JSON
// object per line on its standard input; reply is the answer on its standard
// output. The pipe, not the listener under measurement, carries the control.
type request struct {
	Op      string  `json:"op"`
	Count   int     `json:"count,omitempty"`
	Rate    int     `json:"rate,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	First   int     `json:"first,omitempty"`
	Path    string  `json:"path,omitempty"`
}

type reply struct {
	Error   string `json:"error,omitempty"`
	Address string `json:"address,omitempty"`
	// CPU is the process's user and system time so far, in seconds.
	CPU  float64  `json:"cpu,omitempty"`
	Heap uint64   `json:"heap,omitempty"`
	Cost cost     `json:"cost"`
	Wait quantile `json:"wait"`
}

// cost is what a report costs in steady state.
type cost struct {
	Nanoseconds float64 `json:"ns"`     // wall time, median of batches
	CPU         float64 `json:"cpu"`    // seconds of the whole process
	Allocs      float64 `json:"allocs"` // allocations
	// JSON is how long encoding/json takes to unmarshal the same messages
	// into a plain struct, measured in turn with the deliveries.
	JSON float64 `json:"json_ns,omitempty"`
}

// quantile is how long single deliveries took, in seconds.
type quantile struct {
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Count int     `json:"count"`
	// Blocked is the slowest without the time for which the thread was ready
	// to run and the machine gave it no processor.
	Blocked float64 `json:"blocked"`
	// Passes are the slowest of all passes, of which this is the median one.
	Passes []float64 `json:"passes,omitempty"`
}

// server is the process that holds one contender.
type server struct {
	data      *contender.Data
	contender contender.Contender
	round     int
	heap      uint64  // before the load
	preparing float64 // CPU seconds spent on making reports, which is not the contender's
	profile   *os.File
}

func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	name := flags.String("contender", "", "")
	nodes := flags.Int("nodes", 600, "")
	base := flags.Int64("base", 0, "")
	ttl := flags.Int("ttl", 0, "")
	interval := flags.Duration("interval", time.Minute, "")
	grace := flags.Bool("disconnects", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s := &server{data: contender.NewData(*nodes, time.UnixMilli(*base))}
	s.data.Interval = *interval
	s.heap = heapInUse()
	c, err := contender.New(*name, contender.Options{Data: s.data, TTLSeconds: *ttl, Disconnects: *grace})
	if err != nil {
		return err
	}
	s.contender = c
	address := ""
	if own, ok := c.(interface{ Address() string }); ok {
		address = own.Address()
	}
	if address == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(l, c.Handler()) }()
		address = l.Addr().String()
	}
	return control(address, s.handle)
}

// control answers requests until standard input ends.
func control(address string, handle func(request) (reply, error)) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(reply{Address: address}); err != nil {
		return err
	}
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var q request
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := handle(q)
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

func (s *server) handle(q request) (reply, error) {
	switch q.Op {
	case "cpu":
		return reply{CPU: cpuTime() - s.preparing}, nil
	case "rest":
		runtime.GC() // with the one that follows, it empties the pools too
		debug.FreeOSMemory()
		return reply{}, nil
	case "heap":
		heap := heapInUse()
		return reply{Heap: heap - min(s.heap, heap)}, nil
	case "load":
		return s.load(q)
	case "reports":
		return s.reports(q)
	case "latency":
		return s.latency(q)
	case "disconnect":
		return s.disconnect(q)
	case "profile":
		f, err := os.Create(q.Path)
		if err != nil {
			return reply{}, err
		}
		s.profile = f
		return reply{}, pprof.StartCPUProfile(f)
	case "profiled":
		pprof.StopCPUProfile()
		return reply{}, s.profile.Close()
	}
	return reply{}, fmt.Errorf("unknown request %q", q.Op)
}

// load delivers a first report for q.Count nodes from q.First on.
func (s *server) load(q request) (reply, error) {
	var a reply
	after := cpuTime()
	for i := q.First; i < q.First+q.Count; i++ {
		deliver := s.contender.Prepare(s.data.Report(i, s.round))
		before := cpuTime()
		s.preparing += before - after
		if err := deliver(); err != nil {
			return a, fmt.Errorf("loading node %d: %w", i, err)
		}
		after = cpuTime()
		a.Cost.CPU += (after - before) / float64(q.Count)
	}
	s.round++
	return a, nil
}

// batch is how many reports are prepared and then timed together: few enough
// for the messages to stay in the processor's cache, as those of a real
// cloudcore do between the websocket and the handler.
const batch = 500

// reports delivers about q.Count further reports, at least one for every node.
func (s *server) reports(q request) (reply, error) {
	nodes := s.data.Fleet.Len()
	var (
		a               reply
		times, decoding []float64
		before, after   runtime.MemStats
		allocs          uint64
		n               int
	)
	runtime.GC()
	for n < max(q.Count, nodes) {
		reports := make([]contender.Report, 0, batch)
		deliver := make([]func() error, 0, batch)
		for len(deliver) < batch {
			// A stride coprime to the size visits every node once per round,
			// neighbours far apart: reports do not come in order.
			i := n * stride(nodes) % nodes
			r := s.data.Report(i, s.round)
			reports = append(reports, r)
			deliver = append(deliver, s.contender.Prepare(r))
			if n++; n%nodes == 0 {
				s.round++
			}
		}
		steps := []func() error{
			func() error {
				runtime.ReadMemStats(&before)
				cpu, start := cpuTime(), time.Now()
				for _, d := range deliver {
					if err := d(); err != nil {
						return err
					}
				}
				times = append(times, float64(time.Since(start).Nanoseconds())/batch)
				a.Cost.CPU += cpuTime() - cpu
				runtime.ReadMemStats(&after)
				allocs += after.Mallocs - before.Mallocs
				return nil
			},
			func() error {
				start := time.Now()
				for k := range reports {
					var p plain
					if err := json.Unmarshal(reports[k].Message, &p); err != nil {
						return err
					}
				}
				decoding = append(decoding, float64(time.Since(start).Nanoseconds())/batch)
				return nil
			},
		}
		// Whoever comes second finds the messages in the cache: take turns.
		if len(times)%2 == 1 {
			slices.Reverse(steps)
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return a, err
			}
		}
	}
	s.round++
	a.Cost.Nanoseconds, a.Cost.JSON = median(times), median(decoding)
	a.Cost.CPU /= float64(n)
	a.Cost.Allocs = float64(allocs) / float64(n)
	return a, nil
}

func stride(nodes int) int {
	for s := nodes*618/1000 + 1; ; s++ {
		if gcd(s, nodes) == 1 {
			return s
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// latency delivers reports at a steady rate for a while and returns how long
// single deliveries took. All are prepared beforehand.
func (s *server) latency(q request) (reply, error) {
	const tick = time.Millisecond
	perTick := max(1, q.Rate/int(time.Second/tick))
	ticks := int(q.Seconds * float64(time.Second/tick))
	nodes := q.Count
	if nodes == 0 {
		nodes = s.data.Fleet.Len()
	}
	deliver := make([]func() error, 0, perTick*ticks)
	for n := 0; len(deliver) < cap(deliver); n++ {
		if n%nodes == 0 {
			s.round++
		}
		deliver = append(deliver, s.contender.Prepare(s.data.Report(q.First+n*stride(nodes)%nodes, s.round)))
	}
	s.round++
	runtime.GC()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// The thread that delivers comes first, as far as we may say so: what is
	// wanted is the wait for the contender, not for one of few processors.
	thread := syscall.Gettid()
	if syscall.Setpriority(syscall.PRIO_PROCESS, thread, -20) == nil {
		defer func() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, thread, 0) }()
	}
	delay, err := openRunDelay()
	if err != nil {
		return reply{}, err
	}
	defer delay.Close()
	times := make([]float64, 0, perTick*ticks)
	blocked := 0.0
	start := time.Now()
	for t := 0; t < ticks; t++ {
		time.Sleep(time.Until(start.Add(time.Duration(t) * tick)))
		for k := 0; k < perTick; k++ {
			ready := delay.seconds()
			before := time.Now()
			if err := deliver[len(times)](); err != nil {
				return reply{}, err
			}
			took := time.Since(before).Seconds()
			times = append(times, took)
			blocked = max(blocked, took-(delay.seconds()-ready))
		}
		// A delivery that took long makes the later ones late; the rate is
		// not caught up with, which would change what is measured.
		if late := time.Since(start.Add(time.Duration(t) * tick)); late > 10*tick {
			start = start.Add(late)
		}
		if time.Since(start) > time.Duration(q.Seconds*float64(time.Second)) {
			break
		}
	}
	sort.Float64s(times)
	at := func(share float64) float64 { return times[int(share*float64(len(times)-1))] }
	return reply{Wait: quantile{P50: at(0.5), P99: at(0.99), Max: at(1), Count: len(times), Blocked: blocked}}, nil
}

// runDelay tells for how long the thread was ready to run without running.
type runDelay struct{ *os.File }

func openRunDelay() (runDelay, error) {
	f, err := os.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", syscall.Gettid()))
	return runDelay{f}, err
}

func (d runDelay) seconds() float64 {
	var b [64]byte
	n, _ := d.ReadAt(b[:], 0)
	fields := strings.Fields(string(b[:n]))
	if len(fields) < 2 {
		return 0
	}
	ns, _ := strconv.ParseFloat(fields[1], 64)
	return ns / 1e9
}

// disconnect ends the sessions of q.Count nodes from q.First on.
func (s *server) disconnect(q request) (reply, error) {
	d, ok := s.contender.(interface{ Disconnected(node string) })
	if !ok {
		return reply{}, errors.ErrUnsupported
	}
	for i := q.First; i < q.First+q.Count; i++ {
		d.Disconnected(s.data.Fleet.Name(i))
	}
	return reply{}, nil
}

// cpuTime is this process's user and system time in seconds.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// heapInUse is what is reachable: two collections also empty the pools.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	sorted := append([]float64(nil), x...)
	sort.Float64s(sorted)
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// plain is the message as a struct without pointers, the least that
// encoding/json can be asked for.
type plain struct {
	Timestamp       float64 `json:"timestamp"`
	IntervalSeconds float64 `json:"intervalSeconds"`
	Host            struct {
		BootTime float64 `json:"bootTime"`
	} `json:"host"`
	CPU struct {
		Count      uint64  `json:"count"`
		UsageRatio float64 `json:"usageRatio"`
		Load1      float64 `json:"load1"`
		Load5      float64 `json:"load5"`
		Load15     float64 `json:"load15"`
	} `json:"cpu"`
	Memory struct {
		TotalBytes     uint64 `json:"totalBytes"`
		AvailableBytes uint64 `json:"availableBytes"`
		SwapTotalBytes uint64 `json:"swapTotalBytes"`
		SwapFreeBytes  uint64 `json:"swapFreeBytes"`
	} `json:"memory"`
	Filesystems []struct {
		Device     string `json:"device"`
		Mountpoint string `json:"mountpoint"`
		FSType     string `json:"fstype"`
		SizeBytes  uint64 `json:"sizeBytes"`
		AvailBytes uint64 `json:"availBytes"`
	} `json:"filesystems"`
	Disks []struct {
		Device            string `json:"device"`
		ReadBytesTotal    uint64 `json:"readBytesTotal"`
		WrittenBytesTotal uint64 `json:"writtenBytesTotal"`
	} `json:"disks"`
	Networks []struct {
		Device             string `json:"device"`
		ReceiveBytesTotal  uint64 `json:"receiveBytesTotal"`
		TransmitBytesTotal uint64 `json:"transmitBytesTotal"`
	} `json:"networks"`
	Processes struct {
		Count uint64 `json:"count"`
	} `json:"processes"`
	Containers struct {
		Running uint64 `json:"running"`
	} `json:"containers"`
}
