package nodemetrics

import (
	"context"
	"time"

	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"
	"k8s.io/klog/v2"
)

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
