package registry

// Reason says in one word why a report was not taken, in the same manner as
// [sysinfo.Reason].
type Reason string

// The reasons for which the registry refuses a report.
const (
	Late         Reason = "late"           // older than the one that is held
	RateLimited  Reason = "rate_limited"   // more than Options.ReportsPerSecond
	TooManyNodes Reason = "too_many_nodes" // a new node beyond Options.Nodes
)

// Reasons returns every Reason there is.
func Reasons() []Reason { return []Reason{Late, RateLimited, TooManyNodes} }

// Refusal is the error with which a report is not taken.
type Refusal struct {
	Reason Reason
	Detail string
}

// Error returns the detail.
func (r *Refusal) Error() string { return r.Detail }
