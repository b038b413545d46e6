// Package registry keeps the newest report of every edge node, until the node
// has been silent for too long.
//
// Its first contract is the life of a node, by the monotonic clock, counted
// from the receipt of its newest report:
//
//   - fresh: all its samples are exposed and edge_node_up is 1;
//   - expired, once its TTL ends: its samples are gone, at that very instant,
//     swept or not. Two series stay, so that an alert fires instead of resolving
//     itself: edge_node_up, which is 0, and
//     edge_node_last_report_timestamp_seconds;
//   - forgotten, after the retention, when it is deleted, or when a new node needs
//     its place: no trace, no memory. Reports that were on their way to a deleted
//     node are refused for two seconds.
//
// Its second is that the newest report wins, whatever the clocks of the edge do. A
// report is late only if it was overtaken, which explains some seconds; after a
// clock was set, the second report is shown at the latest. A late report keeps its
// node up.
//
// Its third is that all nodes together have limits, and that nobody can take the
// share of another. A report within an equal share of the series and bytes is
// always taken whole. What is more is taken while there is room, and left out
// sample by sample when there is none, which the page says of the node. An expected
// node always finds a place while there are nodes that nobody expects.
//
// A report replaces all samples of its node in one step. It is rendered to text
// once, when it comes, into a [Block]; a scrape takes a [Snapshot] of references
// to blocks and only copies bytes. A block stores the node's label once and no
// family names, because memory dominates the cost. Unless a snapshot holds the
// node's old block, the new one takes its memory, so that reports leave nothing to
// collect. No lock is held while rendering or writing, so a scrape and a report
// wait for each other no longer than it takes to visit the nodes of one shard.
package registry
