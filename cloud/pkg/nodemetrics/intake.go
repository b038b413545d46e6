package nodemetrics

import (
	"errors"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kubeedge/beehive/pkg/core/model"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Handle takes one message, a *model.Message, and returns when what it says is
// on the page. A report over its node's rate waits instead: if no newer one comes
// it is on the page within a second. Handle has the shape of KubeEdge's
// listener.Handle; the first result is always nil. The error says why the message
// was refused, which is counted too. It never blocks, and the message is not kept.
func (m *Module) Handle(message interface{}) (_ interface{}, err error) {
	return nil, m.handle(message, time.Now(), false)
}

// handle is Handle of a message that was received at some time. waited says that
// it has waited for its turn.
func (m *Module) handle(message any, received time.Time, waited bool) (err error) {
	start := time.Now()
	var msg *model.Message
	defer func() {
		p := recover()
		if p != nil {
			err = refuse(reasonInternal, "panic: %v", p)
		}
		if err == errHeld {
			err = nil
			return
		}
		if noted := m.account(msg, start, err); noted && p != nil {
			klog.ErrorS(err, "Report could not be handled", "stack", string(debug.Stack()))
		}
	}()
	if msg, err = messageOf(message); err != nil {
		return err
	}
	return m.take(delivery{msg, received, waited})
}

// messageOf returns the message that came.
func messageOf(message any) (*model.Message, error) {
	switch msg := message.(type) {
	case nil:
		return nil, refuse(reasonNotMessage, "nothing came, a *model.Message is expected")
	case *model.Message:
		if msg == nil {
			return nil, refuse(reasonNotMessage, "a nil *model.Message")
		}
		return msg, nil
	case model.Message:
		return &msg, nil
	default:
		return nil, refuse(reasonNotMessage, "a %T, a *model.Message is expected", message)
	}
}

// delivery is a message on its way in.
type delivery struct {
	msg      *model.Message
	received time.Time
	waited   bool // its turn has come: see pending
}

// take takes in what a message says of its node. If its resource names none, the
// message itself may.
func (m *Module) take(d delivery) error {
	if node, named := nodeOf(d.msg.Router.Resource); named {
		return m.takeNamed(node, d)
	}
	return m.takeUnnamed(d)
}

// takeNamed takes a message of the node that its resource names.
func (m *Module) takeNamed(node string, d delivery) error {
	if err := checkNode(node); err != nil {
		return err
	}
	if err := m.admit(node, d); err != nil {
		return err
	}
	report, err := m.decode(d.msg)
	defer m.reports.Put(report)
	if err != nil {
		m.registry.Refused(node)
		return err
	}
	if report.Node != "" && report.Node != node {
		m.metrics.mismatches.Inc()
		klog.V(4).InfoS("Report claims another node's name", "node", node, "claimed", report.Node)
	}
	return m.registry.PutReceived(node, report, d.received)
}

// takeUnnamed takes a message that names its node only inside. It is read for the
// name first: then the node's rate holds for it, and it may wait.
func (m *Module) takeUnnamed(d delivery) error {
	config := m.config.Load()
	if config.Identity != IdentityPayload {
		return refuse(reasonNoNode, "the resource %.100q is not of the form node/<node>/<topic>", d.msg.Router.Resource)
	}
	if !d.waited {
		if err := m.rubbish.check(d.msg.Content); err != nil {
			return err
		}
	}
	if !isEncoded(d.msg.Content) {
		// It would be encoded twice, and by then be another one.
		data, err := m.rubbish.encode(m.decoder.Load(), d.msg.Content, config.Limits.ReportBytes)
		if err != nil {
			return err
		}
		encoded := *d.msg
		encoded.Content, d.msg = data, &encoded
	}
	node, err := m.claimed(d.msg)
	if err != nil {
		m.rubbish.refused(d.msg.Content)
		return err
	}
	return ofNode(node, m.takeClaimed(node, d))
}

// takeClaimed takes a message of the node that it names inside.
func (m *Module) takeClaimed(node string, d delivery) error {
	if err := m.admit(node, d); err != nil {
		m.rubbish.refused(d.msg.Content)
		return err
	}
	report, err := m.decode(d.msg)
	defer m.reports.Put(report)
	if err == nil {
		err = m.registry.Claimed(node)
	}
	if err != nil {
		m.registry.Refused(node)
		m.rubbish.refused(d.msg.Content)
		return err
	}
	return m.registry.PutReceived(node, report, d.received)
}

// nodeOf returns the node that a resource names: node/<node>/<topic…>, which
// cloudhub makes of the session's node and the topic.
func nodeOf(resource string) (node string, ok bool) {
	rest, ok := strings.CutPrefix(resource, "node/")
	if !ok {
		return "", false
	}
	node, topic, ok := strings.Cut(rest, "/")
	return node, ok && node != "" && topic != ""
}

func checkNode(node string) error {
	switch {
	case len(node) > sysinfo.MaxNodeName:
		return refuse(reasonBadNode, "a node name of %d bytes, the limit is %d", len(node), sysinfo.MaxNodeName)
	case !utf8.ValidString(node):
		return refuse(reasonBadNode, "the node name %q is not UTF-8", node)
	}
	return nil
}

// claimed returns the node that a message names inside.
func (m *Module) claimed(msg *model.Message) (node string, err error) {
	report := m.claims.Get().(*mapping.Report)
	defer m.claims.Put(report)
	if err := m.decoder.Load().DecodeNode(msg.Content, report); err != nil {
		return "", err
	}
	field := m.config.Load().NodeNameField
	switch {
	case report.BadNode:
		return "", refuse(reasonBadNode, "the resource %.100q names no node, and the name in the field %s is no text in UTF-8 of at most %d bytes",
			msg.Router.Resource, field, sysinfo.MaxNodeName)
	case report.Node == "":
		return "", refuse(reasonNoNode, "neither the resource %.100q nor the field %s names a node", msg.Router.Resource, field)
	}
	return report.Node, nil
}

// admit says whether a node's message is decoded now, or else why not. One over the
// node's rate waits.
func (m *Module) admit(node string, d delivery) error {
	if d.waited {
		return nil
	}
	if err := m.registry.Admit(node); err != nil {
		if reasonOf(err) == string(registry.RateLimited) {
			return m.hold(node, d, err)
		}
		return err
	}
	if m.pending.drop(node) {
		m.superseded(d.msg.Router.Resource, errSuperseded)
	}
	return nil
}

// errSuperseded is why a report that waited is refused when its node's next one is
// taken at once.
var errSuperseded = errors.New("it came over the node's rate of reports, and a newer one before its turn")

// decode decodes a message into a report that the caller gives back to m.reports.
func (m *Module) decode(msg *model.Message) (*mapping.Report, error) {
	report := m.reports.Get().(*mapping.Report)
	decoder := m.decoder.Load()
	if err := decoder.Decode(msg.Content, report); err != nil {
		return report, err
	}
	m.accountDrops(decoder, report, msg.Router.Resource, msg.Content)
	if report.Ignored > 0 {
		m.metrics.ignored.Inc()
	}
	if report.Timestamp == 0 {
		report.Timestamp = float64(msg.Header.Timestamp) / 1e3
	}
	return report, nil
}
