// Package mapping turns the messages of edge nodes into metric samples.
//
// Which field of a message is a sample of which metric family is data, a
// [Mapping]. The built-in one, [Version1], describes the document of package
// sysinfo; for messages of another form, write another. A [Decoder] applies a
// mapping to the bytes of a message in one pass and fills a [Report].
//
// Its one contract: one bad value costs one value. A message that is no report
// at all is refused with an [*Error] that says what was wrong, where, and what
// the bound is. In every other message, each sample that cannot be used is
// dropped and counted by reason, and the rest is taken. Every string in a Report
// is valid UTF-8 of bounded length, every counter is 0 or more, and no series is
// there twice.
package mapping
