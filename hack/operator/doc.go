// Package operator holds what an operator sees to what it promises: the rules,
// their runbooks, Alertmanager's inhibition rules and the dashboards. Its tests
// write, with -update, or else compare what is made from rules.yaml and
// dashboards.go, and run all of it in the real programs.
package operator
