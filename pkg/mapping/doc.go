// Package mapping knows what a message means: which field of it is a sample of
// which metric family.
//
// That knowledge is data, a [Mapping]. The built-in one, [Version1], describes
// the document of package sysinfo; a fork with messages of its own writes
// another. A [Decoder] applies a mapping to a message's bytes in one pass and
// fills a [Report].
//
// Its one contract: a message either becomes a whole Report or an [*Error]
// that says what was wrong, where, and what the bound is. Nothing of a bad
// message is kept, and every string in a Report is valid UTF-8 of bounded
// length.
package mapping
