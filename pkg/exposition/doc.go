// Package exposition writes the registry's nodes as a page for Prometheus.
//
// There are two ways out, with the same samples. [NewHandler] streams the page: it
// puts together what the registry made of each report when it came, one family
// after the other, between metadata lines of the negotiated format, and puts the
// module's and the host process's metrics behind them. [Collector] offers the nodes
// to a registry of client_golang, for a host that wants one page for all; it is
// slower, and the reference that the page is tested against.
//
// Its one contract: a scrape shows each node's report whole, holds no lock while it
// writes and no second copy of the nodes, and ends by itself. A reader that stalls
// costs a bounded time and memory, and keeps nobody else from the page.
//
// For a slow reader the blocks that a scrape shows are held for two seconds. What it
// has not taken by then is kept compressed; all pages that are kept are together no
// larger than one page uncompressed, which at 100,000 nodes of 30 series is 233 MB,
// and ten of them, compressed to 24 MB each, are just about that.
package exposition
