// Package savefile keeps what a [registry.Registry] knows in a file, so that a
// restart of the process leaves no gap on the page.
//
// [Write] replaces the file in one step: whatever ends the process, and whenever,
// the file is the old one or the new one. [Read] takes a file only if all of it is
// as it was written: it has a version and a checksum. A file that is damaged, of
// another version or not one of these at all is refused whole, with the reason.
package savefile
