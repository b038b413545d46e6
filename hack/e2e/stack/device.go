package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Address is where the edge device is reached from everywhere else.
func (e *Edge) Address() string { return e.address }

// Folder is the device's own folder.
func (e *Edge) Folder() string { return filepath.Join(e.stack.Folder, e.Name) }

// Run starts a program on the device, beside its edgecore.
func (e *Edge) Run(name, program string, arguments ...string) (*Process, error) {
	return e.stack.start(e.Name+"-"+name, e.Name, nil, program, arguments...)
}

// StartMosquitto starts the broker that an installation by keadm has, with
// Debian's defaults: local clients only, nothing kept on disk.
func (e *Edge) StartMosquitto() (*Process, error) {
	process, err := e.Run("mosquitto", "mosquitto", "-v", "-p", mqttPort)
	if err != nil {
		return nil, err
	}
	return process, ready(process, 10*time.Second, func() error {
		_, err := e.stack.run(e.Name, "", "mosquitto_pub", "-p", mqttPort, "-t", "ready", "-n")
		return err
	})
}

// Subscribe starts a client of the device's broker that logs every report.
func (e *Edge) Subscribe() (*Process, error) {
	return e.Run("subscriber", "mosquitto_sub", "-p", mqttPort, "-t", Topic)
}

// ScrapeToo has Prometheus scrape one more address, beside what the operator's
// configuration says, until FollowOperator.
func (s *Stack) ScrapeToo(job, address string) error {
	config, err := os.ReadFile(s.prometheusConfig())
	if err != nil {
		return fmt.Errorf("reading Prometheus' configuration: %w", err)
	}
	const jobs = "\nscrape_configs:\n"
	if _, err := s.write("prometheus.yaml", strings.Replace(string(config), jobs,
		fmt.Sprintf("%s- {job_name: %s, static_configs: [{targets: [%q]}]}\n", jobs, job, address), 1)); err != nil {
		return err
	}
	if err := s.CheckPrometheusConfig(s.prometheusConfig()); err != nil {
		return err
	}
	return reloadPrometheus()
}
