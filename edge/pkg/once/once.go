// Package once keeps a loop that fails the same way every minute from saying
// so every minute.
package once

// Filter lets an error pass once for as long as it lasts. The zero value is
// ready. It is not safe for concurrent use.
type Filter struct {
	said map[string]bool // by text
}

// News returns those errors of a round that the round before did not have: an
// error that stays is said once, one that went away and came back again.
func (f *Filter) News(round []error) []error {
	var news []error
	said := make(map[string]bool, len(round))
	for _, err := range round {
		text := err.Error()
		if !f.said[text] && !said[text] {
			news = append(news, err)
		}
		said[text] = true
	}
	f.said = said
	return news
}
