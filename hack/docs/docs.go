// Package docs holds the documentation to the code: its tests write, with
// -update, or else compare the tables of README.md that are made from the
// mapping, the config and the metrics.
package docs
