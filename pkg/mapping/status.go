package mapping

// The indexes of [Status].
const (
	StatusSkew = iota
	StatusLastReport
	StatusConflict
	StatusInterval
	StatusDropped
	StatusUp
)

// Status are the families that the registry itself adds for a known node,
// whatever the mapping says. They are sorted by name. No mapping may define them.
var Status = [...]Family{
	StatusSkew: {Name: "edge_node_clock_skew_seconds", Type: Gauge,
		Help: "The newest report's own time minus the time it was received."},
	StatusLastReport: {Name: "edge_node_last_report_timestamp_seconds", Type: Gauge,
		Help: "When the newest report was received, in seconds since the Unix epoch."},
	StatusConflict: {Name: "edge_node_name_conflict", Type: Gauge,
		Help: "Two machines with different clocks report under this name; the value is always 1."},
	StatusInterval: {Name: "edge_node_report_interval_seconds", Type: Gauge,
		Help: "Time between reports that the newest report declared, else that between the last two."},
	StatusDropped: {Name: "edge_node_samples_dropped", Type: Gauge,
		Help: "Samples of the newest report that are not shown; it is there only if there are any."},
	StatusUp: {Name: "edge_node_up", Type: Gauge,
		Help: "Whether the node reported within its TTL."},
}
