package stack

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Topic is the MQTT topic that the reports are published on.
const Topic = "default/user/sysinfo"

// Report is a sysInfo message of version 1.
type Report map[string]any

// NewReport returns a report as a small edge node would send every interval.
// The values are made up; load is the one that tests tell nodes and reports
// apart by.
func NewReport(load float64, interval time.Duration) Report {
	return Report{
		"timestamp":       float64(time.Now().UnixMilli()) / 1000,
		"intervalSeconds": interval.Seconds(),
		"host":            map[string]any{"os": "linux", "osImage": "Debian GNU/Linux 12", "kernel": "6.1.0", "arch": "arm64", "edgecoreVersion": "v1.13.0"},
		"cpu":             map[string]any{"count": 4, "usageRatio": 0.25, "load1": load},
		"memory":          map[string]any{"totalBytes": 8e9, "availableBytes": 5e9},
		"filesystems": []any{map[string]any{
			"device": "/dev/mmcblk0p2", "mountpoint": "/", "fstype": "ext4", "sizeBytes": 31e9, "availBytes": 20e9,
		}},
		"networks": []any{map[string]any{"device": "eth0", "up": true, "receiveBytesTotal": 1e6, "transmitBytesTotal": 2e6}},
	}
}

// Publisher is an MQTT client on the edge device, connected to edgecore's
// broker.
type Publisher struct {
	edge    *Edge
	topic   string
	command *exec.Cmd
	input   io.WriteCloser
}

// Publisher returns a client that is not connected yet.
func (e *Edge) Publisher() *Publisher { return e.PublisherTo(Topic) }

// PublisherTo is Publisher for another topic.
func (e *Edge) PublisherTo(topic string) *Publisher { return &Publisher{edge: e, topic: topic} }

// Publish sends one message. It connects first where there is no connection; a
// client whose broker went away is noticed at the next message.
func (p *Publisher) Publish(report any) error {
	line, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("encoding a report: %w", err)
	}
	if p.command == nil {
		if err := p.connect(); err != nil {
			return err
		}
	}
	if _, err := p.input.Write(append(line, '\n')); err != nil {
		p.Close()
		return fmt.Errorf("publishing at %s: %w", p.edge.Name, err)
	}
	return nil
}

func (p *Publisher) connect() error {
	// -l: one message per line of the standard input.
	command := exec.Command("ip", "netns", "exec", p.edge.Name,
		"mosquitto_pub", "-h", "127.0.0.1", "-p", mqttPort, "-t", p.topic, "-l")
	input, err := command.StdinPipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting mosquitto_pub: %w", err)
	}
	p.command, p.input = command, input
	return nil
}

// Close ends the client once it has sent what it was given.
func (p *Publisher) Close() {
	if p.command == nil {
		return
	}
	_ = p.input.Close()
	// Where the broker is gone, the client would try for ever.
	timer := time.AfterFunc(5*time.Second, func() { _ = p.command.Process.Kill() })
	_ = p.command.Wait()
	timer.Stop()
	p.command = nil
}
