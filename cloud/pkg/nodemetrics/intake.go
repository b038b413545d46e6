package nodemetrics

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// The module's own reasons to refuse a report, beside those of mapping and registry.
const (
	reasonNotMessage = "not_message" // what came is no *model.Message
	reasonNoNode     = "no_node"     // neither the resource nor the payload names a node
	reasonBadNode    = "bad_node"    // a node name that is too long or not UTF-8
	reasonInternal   = "internal"    // a bug: handling it panicked
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
	switch v := message.(type) {
	case nil:
		return refuse(reasonNotMessage, "nothing came, a *model.Message is expected")
	case *model.Message:
		msg = v
	case model.Message:
		msg = &v
	default:
		return refuse(reasonNotMessage, "a %T, a *model.Message is expected", message)
	}
	if msg == nil {
		return refuse(reasonNotMessage, "a nil *model.Message")
	}
	node, named := nodeOf(msg.Router.Resource)
	if !named {
		return m.takeUnnamed(msg, received, waited)
	}
	if err := checkNode(node); err != nil {
		return err
	}
	if err := m.admit(node, msg, received, waited); err != nil {
		return err
	}
	return m.takeNamed(node, msg, received)
}

// admit says whether a node's message is decoded now, or else why not. One over the
// node's rate waits.
func (m *Module) admit(node string, msg *model.Message, received time.Time, waited bool) error {
	if waited {
		return nil
	}
	if err := m.registry.Admit(node); err != nil {
		if reasonOf(err) == string(registry.RateLimited) {
			return m.hold(node, msg, received, err)
		}
		return err
	}
	if m.pending.drop(node) {
		m.superseded(msg.Router.Resource, errSuperseded)
	}
	return nil
}

// errSuperseded is why a report that waited is refused when its node's next one is
// taken at once.
var errSuperseded = errors.New("it came over the node's rate of reports, and a newer one before its turn")

// takeNamed takes a message of the node that its resource names.
func (m *Module) takeNamed(node string, msg *model.Message, received time.Time) error {
	report, err := m.decode(msg)
	defer m.reports.Put(report)
	if err != nil {
		m.registry.Refused(node)
		return err
	}
	if report.Node != "" && report.Node != node {
		m.metrics.mismatches.Inc()
		klog.V(4).InfoS("Report claims another node's name", "node", node, "claimed", report.Node)
	}
	return m.registry.PutReceived(node, report, received)
}

// takeUnnamed takes a message that names its node only inside. It is read for the
// name first: then the node's rate holds for it, and it may wait.
func (m *Module) takeUnnamed(msg *model.Message, received time.Time, waited bool) error {
	config := m.config.Load()
	if config.Identity != IdentityPayload {
		return refuse(reasonNoNode, "the resource %.100q is not of the form node/<node>/<topic>", msg.Router.Resource)
	}
	if !waited {
		if err := m.rubbish.check(msg.Content); err != nil {
			return err
		}
	}
	if !isEncoded(msg.Content) {
		// It would be encoded twice, and by then be another one.
		data, err := m.rubbish.encode(m.decoder.Load(), msg.Content, config.Limits.ReportBytes)
		if err != nil {
			return err
		}
		encoded := *msg
		encoded.Content, msg = data, &encoded
	}
	node, err := m.claimed(msg)
	if err != nil {
		m.rubbish.refused(msg.Content)
		return err
	}
	return ofNode(node, m.takeClaimed(node, msg, received, waited))
}

// takeClaimed takes a message of the node that it names inside.
func (m *Module) takeClaimed(node string, msg *model.Message, received time.Time, waited bool) error {
	if err := m.admit(node, msg, received, waited); err != nil {
		m.rubbish.refused(msg.Content)
		return err
	}
	report, err := m.decode(msg)
	defer m.reports.Put(report)
	if err == nil {
		err = m.registry.Claimed(node)
	}
	if err != nil {
		m.registry.Refused(node)
		m.rubbish.refused(msg.Content)
		return err
	}
	return m.registry.PutReceived(node, report, received)
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

// refusal is the error for the module's own reasons.
type refusal struct{ reason, detail string }

func (r *refusal) Error() string { return r.detail }

func refuse(reason, format string, args ...any) error {
	return &refusal{reason, fmt.Sprintf(format, args...)}
}

// claimedError is an error about the report of a node that is named only inside it.
type claimedError struct {
	node string
	error
}

func (e *claimedError) Unwrap() error { return e.error }

// ofNode adds the node to an error, if there is one.
func ofNode(node string, err error) error {
	if err == nil || err == errHeld {
		return err
	}
	return &claimedError{node, err}
}

// reasonOf returns the reason in an error of take.
func reasonOf(err error) string {
	var (
		own     *refusal
		decode  *mapping.Error
		refused *registry.Refusal
	)
	switch {
	case errors.As(err, &decode):
		return string(decode.Reason)
	case errors.As(err, &refused):
		return string(refused.Reason)
	case errors.As(err, &own):
		return own.reason
	}
	return reasonInternal
}

// receive handles what comes by the module's beehive channel until ctx is done
// or the channel is gone.
func (m *Module) receive(ctx context.Context) {
	for {
		msg, err := beehiveContext.Receive(ModuleName)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			klog.ErrorS(err, "Node metrics have no channel any more, messages come by handlers alone")
			return
		}
		// A closed channel yields zero messages before it yields errors.
		if msg.Content == nil && msg.Router == (model.MessageRoute{}) {
			continue
		}
		_, _ = m.Handle(&msg) // counted there
	}
}

// wake ends a receive that waits in its channel: beehive's Receive knows no
// context. As a rule beehive closes the channel right after it ends the context;
// where it does not, a message to ourselves does the same.
func wake(received <-chan struct{}) {
	const patience = 200 * time.Millisecond
	for {
		select {
		case <-received:
			return
		case <-time.After(patience):
			// Waits for an answer that never comes, hence the short time.
			_, _ = beehiveContext.SendSync(ModuleName, model.Message{}, time.Millisecond)
		}
	}
}
