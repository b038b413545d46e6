// Package registry keeps the newest report of every edge node, until the node
// has been silent for too long.
//
// Its one contract is the life of a node, by the monotonic clock, counted
// from the receipt of its newest report:
//
//   - fresh: all its samples are exposed and edge_node_up is 1;
//   - expired, once its TTL ends: its samples are gone, at that very instant,
//     swept or not. Two series stay, so that an alert fires instead of resolving
//     itself: edge_node_up, which is 0, and
//     edge_node_last_report_timestamp_seconds;
//   - forgotten, after the retention or when it is deleted: no trace, no memory.
//
// A report replaces all samples of its node in one step. It is rendered to text
// once, when it comes, into a [Block]; a scrape takes a [Snapshot] of references
// to blocks and only copies bytes. A block stores the node's label once and no
// family names, because memory dominates the cost. Unless a snapshot holds the
// node's old block, the new one takes its memory, so that reports leave nothing to
// collect. No lock is held while rendering or writing, so a scrape and a report
// wait for each other no longer than it takes to visit the nodes of one shard.
package registry
