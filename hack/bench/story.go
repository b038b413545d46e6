package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// story is the fleet that the project was made for: 600 nodes, a report a
// minute from each, a scrape every 15 s, a tenth of the nodes replaced by
// others every minute, for ten minutes.
type story struct {
	Old        storyCost `json:"old"` // unchecked pushes
	New        storyCost `json:"new"`
	OldMissing bool      `json:"old_missing,omitempty"`
}

// storyCost is per minute of the story.
type storyCost struct {
	CloudcoreCPU float64 `json:"cloudcore_cpu"` // seconds
	GatewayCPU   float64 `json:"gateway_cpu"`
	// Memory is resident at the end, in bytes.
	CloudcoreMemory float64 `json:"cloudcore_memory"`
	GatewayMemory   float64 `json:"gateway_memory"`
	// Series on the page at the end.
	PageBytes int64 `json:"page_bytes"`
}

const (
	storyNodes   = 600
	storyMinutes = 10
	storyChurn   = storyNodes / 10
	// storyMinute is how long a minute of the story takes here. The CPU time
	// of the work does not depend on it; that of waiting does, and is too
	// small to matter on either side.
	storyMinute = time.Second
)

func (b *bench) measureStory(gateway string) (*story, error) {
	s := &story{OldMissing: gateway == ""}
	all := storyNodes + storyChurn*storyMinutes
	p, err := b.serve(edgegauge, all, "-ttl", strconv.Itoa(int(3*storyMinute/time.Second)), "-interval", storyMinute.String())
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if s.New, err = tell(p, nil, storyMinute); err != nil {
		return nil, fmt.Errorf("edgegauge: %w", err)
	}
	if gateway == "" {
		return s, nil
	}
	g, err := startPushgateway(gateway, "--persistence.file=", "--push.disable-consistency-check")
	if err != nil {
		return nil, err
	}
	defer g.stop()
	pusher, err := b.startPusher(g, all)
	if err != nil {
		return nil, err
	}
	defer pusher.stop()
	if s.Old, err = tell(pusher, g, storyMinute); err != nil {
		return nil, fmt.Errorf("the Pushgateway: %w", err)
	}
	return s, nil
}

// tell runs the ten minutes with one cloudcore and, in the old design, a
// gateway that is scraped instead of it.
func tell(cloudcore, gateway *process, minute time.Duration) (storyCost, error) {
	var c storyCost
	page := cloudcore
	if gateway != nil {
		page = gateway
	}
	cpu := func() (own, of float64, err error) {
		if own, err = cloudcore.cpu(); err == nil && gateway != nil {
			of, err = gateway.cpu()
		}
		return own, of, err
	}
	own, of, err := cpu()
	if err != nil {
		return c, err
	}
	const quarters = 4
	begin := time.Now()
	for m := range storyMinutes {
		for q := range quarters {
			timer := time.NewTimer(time.Until(begin.Add(time.Duration(m*quarters+q) * minute / quarters)))
			<-timer.C
			count := storyNodes / quarters
			if _, err := cloudcore.ask(request{Op: "load", First: m*storyChurn + q*count, Count: count}); err != nil {
				return c, err
			}
			if c.PageBytes, err = scrape(context.Background(), page, "gzip", nil); err != nil {
				return c, err
			}
		}
	}
	own2, of2, err := cpu()
	if err != nil {
		return c, err
	}
	c.CloudcoreCPU, c.GatewayCPU = (own2-own)/storyMinutes, (of2-of)/storyMinutes
	if c.CloudcoreMemory, err = cloudcore.memory("VmRSS"); err != nil {
		return c, err
	}
	if gateway != nil {
		if c.GatewayMemory, err = gateway.memory("VmRSS"); err != nil {
			return c, err
		}
	}
	c.PageBytes, err = scrape(context.Background(), page, "identity", nil)
	return c, err
}
