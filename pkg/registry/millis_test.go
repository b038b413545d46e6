package registry

import (
	"math/rand"
	"strconv"
	"testing"
)

func TestAppendMillis(t *testing.T) {
	values := []float64{0, 0.001, -0.001, 0.0004, -0.0006, 0.5, -12.25, 1732362000.123, 1e11, -1e15, 1e300}
	r := rand.New(rand.NewSource(1))
	for range 10_000 {
		values = append(values, float64(r.Int63n(4e12)-2e12)/1e3)
	}
	for _, v := range values {
		want := strconv.FormatFloat(v, 'f', 3, 64)
		if want == "-0.000" {
			want = "0.000"
		}
		if got := string(appendMillis(nil, v)); got != want {
			t.Errorf("%v is written as %s, want %s", v, got, want)
		}
	}
}
