// Package sysinfo is the document on the wire: sysInfo version 1, its limits,
// and the rules for names and labels.
//
// Its one contract: both ends obey it. The reporter builds a [Document] within
// these limits and rules; the cloud holds every message to the same ones,
// whoever sent it.
package sysinfo
