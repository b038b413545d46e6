package mapping_test

import (
	"fmt"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

func ExampleDecoder_Decode() {
	d, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	message := `{
		"intervalSeconds": 60,
		"cpu": {"usageRatio": 0.37},
		"networks": [{"device": "eth0", "up": true}]
	}`
	var report mapping.Report // may be used again for the next message
	if err := d.Decode(message, &report); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("every", report.Interval, "seconds")
	for _, s := range report.Samples {
		fmt.Printf("%s{%s} %s\n", report.Mapping.Families()[s.Family].Name, s.Labels, s.Value)
	}
	// Output:
	// every 60 seconds
	// edge_node_cpu_usage_ratio{} 0.37
	// edge_node_network_up{device="eth0"} 1
}

// A fork with messages of its own describes them in a mapping, and looks what
// becomes of one.
func ExampleDecoder_Explain() {
	m, err := mapping.Parse([]byte(`
timestamp: {path: ts, scale: 0.001}
families:
- name: edge_node_battery_ratio
  help: How full the battery is, from 0 to 1.
  path: power.battery.percent
  scale: 0.01
- name: edge_node_modem_state
  help: State of the modem, 0 off, 1 searching, 2 connected.
  path: modems[].state
  enum: {"off": 0, "searching": 1, "connected": 2}
  labels: {modem: imei, site: ../site}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := d.Explain(`{
		"ts": 1732362000500, "site": "north",
		"power": {"battery": {"percent": 87, "cycles": 12}},
		"modems": [{"imei": "356938", "state": "connected"}]
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range e.Samples {
		fmt.Printf("%s became %s %s\n", s.Path, s.Series, s.Value)
	}
	fmt.Println("ignored:", e.Ignored)
	e, err = d.Explain(`{"modems": [{"state": "on fire"}]}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("dropped:", e.Dropped[0].Error.Error())
	// Output:
	// power.battery.percent became edge_node_battery_ratio 0.87
	// modems[0].state became edge_node_modem_state{modem="356938",site="north"} 2
	// ignored: [power.battery.cycles]
	// dropped: modems[0].state: the string "on fire", which the mapping's enum does not have (byte 23)
}
