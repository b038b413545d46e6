package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// foreignReports counts reports in the name of one node by the certificate of another.
const foreignReports = "nodemetrics_foreign_certificate_reports_total"

// sessions: who may report in a node's name, with KubeEdge's cloudHub.authorization
// (v1.18 and later) and without, and with requireOwnCertificate. docs/security.md says
// what is seen here.
func (s *suite) sessions(t *testing.T) {
	if s.KubeEdge == "v1.13.0" {
		t.Skip("KubeEdge's certificates name their node from v1.18 on at the latest")
	}
	before := s.config(t)
	victim, thief := s.edges[1], s.edges[2]
	const mine, stolen, refused, late = 201, 300, 333, 444 // loads, which tell who reports
	s.feeds[1].carry(mine)
	s.feeds[2].carry(stolen)
	allReport := all(s.shows("edge_node_up", "edge-1", 1), s.shows("edge_node_load1", victim.Name, mine), s.shows("edge_node_load1", thief.Name, stolen))
	eventually(t, time.Minute, "all report", allReport)
	if err := s.page(foreignReports, 0)(); err != nil {
		t.Errorf("while all report under their own names: %v", err)
	}
	attributed := func() error {
		return logged(s.cloudcores[0], fmt.Sprintf("node=%q certificateOf=%q", victim.Name, thief.Name))()
	}

	// As KubeEdge is by default.
	victim.Kill()
	thief.Kill()
	if err := thief.StartAs(victim.Name); err != nil {
		t.Fatal(err)
	}
	if err := thief.UseOwnCertificate(victim.Name); err != nil {
		t.Fatal(err)
	}
	thief.Proxy.Break()
	eventually(t, grace+ttl, thief.Name+" is down", s.shows("edge_node_up", thief.Name, 0))
	eventually(t, 30*time.Second, "without authorization its certificate does for another's name",
		s.shows("edge_node_load1", victim.Name, stolen))
	eventually(t, 30*time.Second, "which is counted", all(s.moreThan(foreignReports, 0), attributed))
	t.Logf("without authorization: %s, by its certificate, has a session and reports as %s, and its reports are counted", thief.Name, victim.Name)

	// The chart has a value for the feature gate and its rights, and none for
	// cloudHub.authorization.
	source, err := s.Source(s.KubeEdge)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.InstallChart(source, "--reuse-values", "--set", "cloudCore.featureGates.requireAuthorization=true"); err != nil {
		t.Fatal(err)
	}
	chart := s.config(t)["cloudcore.yaml"]
	on := strings.Replace(chart, "\n  cloudHub:\n",
		"\n  cloudHub:\n    authorization: {enable: true, debug: false, modes: [{node: {enable: true}}]}\n", 1)
	if on == chart || !strings.Contains(on, "requireAuthorization: true") {
		t.Fatalf("the chart's configuration is not what this knows:\n%s", chart)
	}
	s.restart(t, on)
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	refuses := func() error {
		return logged(s.cloudcores[0], `node "`+victim.Name+`": common name of peer certificate didn't match node ID`)()
	}
	eventually(t, 30*time.Second, "KubeEdge refuses the session", refuses)
	// Both report each second, and which of them the page has when it is asked is
	// chance: one is silent while the other is looked for.
	silent := func(own, other bool) {
		s.feeds[1].paused.Store(own)
		s.feeds[2].paused.Store(other)
	}
	defer silent(false, false)
	silent(false, true)
	eventually(t, 30*time.Second, "the nodes whose certificates are their own report",
		all(s.shows("edge_node_up", "edge-1", 1), s.shows("edge_node_load1", victim.Name, mine)))
	// KubeEdge makes no session, writes that into its log, and leaves the connection
	// open: what comes by it goes to the router all the same. If this fails, KubeEdge
	// has mended it, and docs/security.md is to say from which version on.
	s.feeds[2].carry(refused)
	silent(true, false)
	eventually(t, 30*time.Second, "a report by the connection that was refused counts", all(
		s.shows("edge_node_load1", victim.Name, refused), s.shows("edge_node_up", thief.Name, 0)))
	silent(false, true)
	eventually(t, 30*time.Second, "and after them the node's own", s.shows("edge_node_load1", victim.Name, mine))
	silent(false, false)
	eventually(t, 30*time.Second, "those by the other certificate are counted", all(s.moreThan(foreignReports, 3), attributed))
	t.Logf("with authorization: its session is refused, and its reports as %s are taken all the same, and counted, while %s reports too", victim.Name, victim.Name)

	// With the key its reports are refused too.
	if err := s.EditConfigMap("nodemetrics.yaml", nodeMetrics(ttl.String())+"    requireOwnCertificate: true\n"); err != nil {
		t.Fatal(err)
	}
	s.feeds[2].carry(late)
	s.restart(t, on)
	eventually(t, time.Minute, "KubeEdge refuses the session again", refuses)
	eventually(t, time.Minute, "its reports are counted", func() error {
		if s.shows("edge_node_load1", victim.Name, late)() == nil {
			t.Fatalf("with requireOwnCertificate a report by the certificate of %s counts as that of %s", thief.Name, victim.Name)
		}
		return s.moreThan(foreignReports, 5)()
	})
	eventually(t, 30*time.Second, "and only the node's own are shown",
		all(s.shows("edge_node_up", "edge-1", 1), s.shows("edge_node_load1", victim.Name, mine), attributed))
	t.Logf("with requireOwnCertificate: the reports of %s as %s are refused and counted", thief.Name, victim.Name)

	thief.Kill()
	s.feeds[2].carry(stolen)
	if err := thief.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "with authorization and the key all report under their own names", allReport)

	if section, ok := before["nodemetrics.yaml"]; ok {
		err = s.EditConfigMap("nodemetrics.yaml", section)
	} else {
		err = s.CutFromConfigMap("nodemetrics.yaml")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.restart(t, before["cloudcore.yaml"])
	eventually(t, time.Minute, "all is as before", allReport)
}

// shows is the condition that the first cloudcore's page has a node's sample. It
// does not ask Prometheus, which late in the story has more than one of each.
func (s *suite) shows(metric, node string, want float64) func() error {
	return s.page(metric+`\{(?:[^}]*,)?node="`+node+`"[^}]*\}`, want)
}

// page is the condition that the first cloudcore's page has a series, and so.
func (s *suite) page(series string, want float64) func() error {
	return s.pageHas(series, fmt.Sprint(want), func(got float64) bool { return got == want })
}

// moreThan is the condition that a counter of the first cloudcore's page has passed a
// number.
func (s *suite) moreThan(counter string, number float64) func() error {
	return s.pageHas(counter, fmt.Sprint("more than ", number), func(got float64) bool { return got > number })
}

func (s *suite) pageHas(series, want string, right func(float64) bool) func() error {
	pattern := regexp.MustCompile(`(?m)^` + series + ` (\S+)`)
	return func() error {
		response, err := http.Get("http://" + s.cloudcores[0].MetricsAddress() + "/metrics")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		match := pattern.FindSubmatch(text)
		if match == nil {
			return fmt.Errorf("the page has no %s", series)
		}
		var got float64
		if _, err := fmt.Sscan(string(match[1]), &got); err != nil || !right(got) {
			return fmt.Errorf("%s is %s, want %s", series, match[1], want)
		}
		return nil
	}
}

// restart starts the first cloudcore again with this cloudcore.yaml.
func (s *suite) restart(t *testing.T, config string) {
	t.Helper()
	if err := s.EditConfigMap("cloudcore.yaml", config); err != nil {
		t.Fatal(err)
	}
	s.stop(t, s.cloudcores[0])
	cloudcore, err := s.StartCloudcore(0)
	if err != nil {
		t.Fatal(err)
	}
	s.cloudcores[0] = cloudcore
}
