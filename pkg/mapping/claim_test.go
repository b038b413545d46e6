package mapping

import (
	"fmt"
	"testing"
)

// DecodeNode says of every message what Decode says of its node, and takes no
// samples.
func TestDecodeNode(t *testing.T) {
	for _, field := range []string{"", "node", "meta.node", "host.kernel"} {
		d, err := NewDecoder(Version1(), field, Limits{Bytes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var whole, claim Report
		for _, message := range []string{
			`{}`, `{"node":"a"}`, `{"node":"\u00e4"}`, `{"node":5}`, `{"node":"a","node":"b"}`, `{"meta":{"node":"m","other":[1,{"node":"x"}]},"node":null}`,
			`{"cpu":{"load1":1},"host":{"kernel":"6.1"},"node":"a","timestamp":5}`,
			`{"node":"a"`, `[`, ``, `5`, `{"node":"` + string(make([]byte, 300)) + `"}`, fmt.Sprintf(`{"pad":%q,"node":"a"}`, make([]byte, 900)),
		} {
			wantErr, err := d.Decode(message, &whole), d.DecodeNode(message, &claim)
			if fmt.Sprint(wantErr) != fmt.Sprint(err) || whole.Node != claim.Node || whole.BadNode != claim.BadNode {
				t.Errorf("%q of %.80s: %q, %v, %v; want %q, %v, %v", field, message, claim.Node, claim.BadNode, err, whole.Node, whole.BadNode, wantErr)
			}
			if len(claim.Samples) > 0 {
				t.Errorf("%.80s: samples are taken", message)
			}
		}
	}
}
