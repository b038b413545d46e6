package registry

// Reason says in one word why a report was not taken, in the same manner as
// [mapping.Reason].
type Reason string

// The reasons for which the registry refuses a report.
const (
	Forgotten       Reason = "forgotten"          // the node was deleted a moment ago
	Late            Reason = "late"               // overtaken by the one that is held
	NoRoom          Reason = "no_room"            // nodes within their share take all of Options.Series or Bytes
	RateLimited     Reason = "rate_limited"       // more than Options.ReportsPerSecond
	TooManyNewNodes Reason = "too_many_new_nodes" // more than Options.NewNodesPerMinute
	TooManyNodes    Reason = "too_many_nodes"     // a new node beyond Options.Nodes
)

// Reasons returns every Reason there is.
func Reasons() []Reason {
	return []Reason{Forgotten, Late, NoRoom, RateLimited, TooManyNewNodes, TooManyNodes}
}

// Refusal is the error with which a report is not taken.
type Refusal struct {
	Reason Reason
	Detail string
}

// Error returns the detail.
func (r *Refusal) Error() string { return r.Detail }
