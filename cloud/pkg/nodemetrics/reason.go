package nodemetrics

import (
	"errors"
	"fmt"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// The module's own reasons to refuse a report, beside those of mapping and registry.
const (
	reasonNotMessage = "not_message" // what came is no *model.Message
	reasonNoNode     = "no_node"     // neither the resource nor the payload names a node
	reasonBadNode    = "bad_node"    // a node name that is too long or not UTF-8
	reasonInternal   = "internal"    // a bug: handling it panicked
)

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
