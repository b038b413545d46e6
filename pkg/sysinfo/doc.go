// Package sysinfo holds what both ends of the wire must agree on: the document
// of sysInfo version 1, its limits, and the rules for names and labels.
//
// The reporter builds a [Document] within these limits. The cloud holds every
// message to the same limits, whoever sent it.
package sysinfo
