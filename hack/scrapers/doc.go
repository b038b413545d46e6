// Package scrapers holds docs/scrapers.md against the scrapers that it names: it
// takes the lines that stand there, starts the real programs with them, and looks
// at what arrives in the store behind. `make scrapers` builds what it needs.
package scrapers
