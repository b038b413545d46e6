// Package exposition writes the registry's nodes as a page for Prometheus.
//
// There are two ways out, with the same samples. [Handler] streams the page:
// it puts together what the registry made of each report when it came, one
// family after the other, between metadata lines of the negotiated format, and
// puts the host process's own metrics behind them. [Collector] offers the nodes
// to a registry of client_golang, for a host that wants one page for all; it is
// slower, and the reference that the page is tested against.
//
// Its one contract: a scrape sees the nodes as they were at one moment, holds
// no lock while it writes and no second copy of them, and ends by itself.
package exposition
