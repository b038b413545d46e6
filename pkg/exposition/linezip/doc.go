// Package linezip compresses exposition pages: gzip (RFC 1952, RFC 1951) for
// text in which each line resembles the one before.
//
// Once a page is copied rather than formatted, compressing it is what a scrape
// costs, and looking for matches is what compressing costs. On a page there is
// nothing to look for: the same family's line of another node, or of the same
// node's next device, has just been written. So a line is compared with the
// line before it and no other, and what a general compressor spends on hashing
// and searching is not spent. Every fifth line is counted for the Huffman codes
// that all are then written in, and on a large page the next ones too.
//
// Its one contract: whatever is written comes out again of any gzip reader.
// Text of another kind is only compressed worse.
package linezip
