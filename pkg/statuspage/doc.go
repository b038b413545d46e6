// Package statuspage shows people what a registry knows, for the moment when there
// is no Grafana: an overview at /, the nodes at /nodes, one node at /nodes/<name>,
// and the same as JSON under /api/v1.
//
// Its one contract: it costs little whatever the fleet's size. A list holds no more
// than its own rows, however many nodes there are and match; no more than a few
// requests are answered at once; and it waits for nothing and holds no lock of the
// registry while it writes. The pages need no script.
//
// What stands on the pages was chosen by strangers at the edge. It is escaped, and
// characters that cannot be seen, or that turn the direction of text, are shown by
// their code point.
package statuspage
