// Package nodemetrics is the beehive module that gives cloudcore the gauges of
// its edge nodes.
//
// A message comes in by [Module.Handle] or by the module's beehive channel;
// intake.go says whose it is, sysinfo what it means, registry keeps it, and
// exposition writes the page that server.go serves.
//
// Its one contract: it shares a process with cloudcore and does it no harm. No
// message makes it block, panic or exit; a bad one costs a counter; and when
// its context is done its listener and goroutines are gone.
package nodemetrics
