// Package nodemetrics is the beehive module that gives cloudcore the gauges of
// its edge nodes.
//
// A message arrives by [Module.Handle] or by the module's beehive channel. The
// module finds its node, decodes it by the mapping, keeps it in the registry, and
// serves the page.
//
// The contract: the module shares a process with cloudcore and does it no harm. It
// never blocks, panics or exits on a message; a bad one is counted. When its context
// is done, its listener and goroutines are gone.
package nodemetrics
