// Package docs holds what is written about the project to what it is: its tests
// compare the tables of the documents with the mapping, the config and the metrics
// that they are made from (or write them, with -update), try the alerts and the
// dashboard's queries, and check who imports whom.
package docs
