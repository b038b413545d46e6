// Package once keeps a loop that fails the same way every minute from saying
// so every minute.
package once

import "errors"

// Filter lets an error pass once for as long as it lasts. The zero value is
// ready. It is not safe for concurrent use.
type Filter struct {
	said map[string]bool // by key
}

// News returns those errors of a round that the round before did not have: an
// error that stays is said once, one that went away and came back again.
func (f *Filter) News(round []error) []error {
	var news []error
	said := make(map[string]bool, len(round))
	for _, err := range round {
		k := Key(err)
		if !f.said[k] && !said[k] {
			news = append(news, err)
		}
		said[k] = true
	}
	f.said = said
	return news
}

// Keyed returns err with a key that tells it from others, for an error whose
// text has something in it that is another every time.
func Keyed(key string, err error) error { return keyed{key, err} }

type keyed struct {
	key string
	error
}

// Unwrap returns the error itself.
func (k keyed) Unwrap() error { return k.error }

// Key returns an error's key, else its text.
func Key(err error) string {
	var k keyed
	if errors.As(err, &k) {
		return k.key
	}
	return err.Error()
}
