// Package registry keeps the newest report of every edge node, until the node
// has been silent for too long.
//
// Its one contract is the life of a node, by the monotonic clock, counted
// from the receipt of its newest report:
//
//   - fresh: all its samples are exposed and edge_node_up is 1;
//   - expired, once its TTL ends: its samples are gone, at that very instant,
//     swept or not; edge_node_up is 0 and edge_node_last_report_timestamp_seconds
//     stays, so that an alert fires instead of resolving itself;
//   - forgotten, after the retention or when it is deleted: no trace, no memory.
//
// A report replaces all samples of its node in one step. It is rendered to
// text when it comes, once, into a [Block]; a scrape takes a [Snapshot] of
// references to blocks and only copies bytes. A block leaves out what other lines
// say too, the names of families and, but once, the node's label: in a large fleet
// memory is what it costs. Unless a snapshot holds the node's
// old block, the new one takes its memory, so that reports leave nothing to
// collect. No lock is ever held while rendering or writing, so a scrape and a
// report never wait for each other longer than it takes to visit one shard's
// nodes.
package registry
