package main

import (
	"crypto/x509"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/modules"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"
)

const (
	// nodeSubject is what the common name of a node's certificate begins with,
	// as KubeEdge signs them from v1.18 on at the latest; the node's name follows.
	nodeSubject = "system:node:"
	// quietFor is how long a node that the log has named is not named again.
	quietFor = 10 * time.Minute
	// mostNamed bounds the nodes that are remembered for that.
	mostNamed = 256
	// mostName is how much of a name the log has, in bytes: as long as a node's
	// name can be.
	mostName = 253
)

// nodeIDHeader is the header in which an edgecore says which node it is. Every name
// in it is its own claim. With cloudHub.authorization KubeEdge compares it with the
// certificate, but goes on serving a connection that it has refused.
var nodeIDHeader = http.CanonicalHeaderKey("node_id")

// certificates looks at whose certificate a report came by. A report in the name of
// one node that came by the certificate of another is counted, and refused where the
// configuration says so.
//
// A certificate whose common name is no node's tells nothing, and passes: those of
// KubeEdge v1.13, and those that somebody made otherwise.
//
// It may be called by any number of connections at once.
type certificates struct {
	topics []string
	refuse bool
	total  prometheus.Counter
	now    func() time.Time

	mu    sync.Mutex
	named map[string]time.Time // nodes in the log
}

func newCertificates(topics []string, refuse bool) *certificates {
	return &certificates{
		topics: topics,
		refuse: refuse,
		total: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nodemetrics_foreign_certificate_reports_total",
			Help: "Reports in the name of one node that came by the certificate of another.",
		}),
		now:   time.Now,
		named: make(map[string]time.Time),
	}
}

// admit reports whether cloudhub is to have a message that came by a connection with
// this header and these certificates of the edge. It leaves all messages alone that
// are no reports.
//
// Every message of every edge comes by here.
func (c *certificates) admit(header http.Header, chain []*x509.Certificate, message *model.Message) bool {
	if message.Router.Operation != model.UploadOperation || message.Router.Group != modules.UserGroup || len(chain) == 0 {
		return true
	}
	owner, ok := strings.CutPrefix(chain[0].Subject.CommonName, nodeSubject)
	if !ok {
		return true
	}
	var node string
	if ids := header[nodeIDHeader]; len(ids) > 0 {
		node = ids[0]
	}
	topic := message.Router.Resource
	if i := strings.IndexByte(node, '/'); i >= 0 {
		// cloudhub writes one after the other, so part of the topic may stand
		// in the name.
		node, topic = node[:i], node[i+1:]+"/"+topic
	}
	if node == owner || !c.reports(topic) {
		return true
	}
	c.total.Inc()
	c.log(node, owner)
	return !c.refuse
}

// reports tells whether what comes by this topic is a report.
func (c *certificates) reports(topic string) bool {
	for _, t := range c.topics {
		if t == topic {
			return true
		}
	}
	return false
}

// log names the node and whose certificate it was, once in a while.
func (c *certificates) log(node, owner string) {
	if c.name(node) {
		klog.ErrorS(nil, "Reports in the name of one node come by the certificate of another. See docs/security.md",
			"node", printable(node), "certificateOf", printable(owner), "refused", c.refuse)
	}
}

// name reports whether the log is to name the node now. An edge can make names up
// without end, so there is an end to those that are remembered and written.
func (c *certificates) name(node string) bool {
	node = shortened(node)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if last, ok := c.named[node]; ok && now.Sub(last) < quietFor {
		return false
	}
	if len(c.named) >= mostNamed {
		for other, last := range c.named {
			if now.Sub(last) >= quietFor {
				delete(c.named, other)
			}
		}
		if len(c.named) >= mostNamed {
			return false
		}
	}
	// The name is part of a header, which is not to be kept for its sake.
	c.named[strings.Clone(node)] = now
	return true
}

// printable returns what the log has of a name: one line of bounded length.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, shortened(name))
}

// shortened returns as much of a name as a node's can have.
func shortened(name string) string {
	if len(name) <= mostName {
		return name
	}
	return name[:mostName]
}
