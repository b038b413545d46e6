package once

import (
	"errors"
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	var f Filter
	for i, round := range []struct{ errs, news string }{
		{"", ""},
		{"a b a", "a b"},
		{"b a", ""},
		{"b", ""},
		{"a b c", "a c"},
		{"", ""},
		{"b", "b"},
	} {
		var errs []error
		for _, text := range strings.Fields(round.errs) {
			errs = append(errs, errors.New(text))
		}
		var news []string
		for _, err := range f.News(errs) {
			news = append(news, err.Error())
		}
		if got := strings.Join(news, " "); got != round.news {
			t.Errorf("round %d, %q: news %q, want %q", i, round.errs, got, round.news)
		}
	}
}
