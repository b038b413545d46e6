package mapping

// follower is what was seen to come next in the messages before: of a place's
// keys the first one, and of the keys beside it the one behind it.
//
// Senders keep the order of their keys and leave out the same ones each time,
// so a key is compared with the one that is expected before it is read, which
// is several times faster. Each Report learns by itself, so that goroutines
// share nothing.
type follower struct{ first, then *place }

// key reads a key of the object at p and its colon, and returns the place below
// p that it leads to, nil if no path goes there. next is what followed the last
// time; it is set to what does now. p and next are nil where nothing is mapped.
func (w *walker) key(p *place, next **place) (span, *place, *Error) {
	if w.next() != '"' {
		return span{}, nil, w.unexpected("a key")
	}
	if p != nil {
		if c := *next; c != nil && c.quoted != "" {
			if end := w.i + len(c.quoted); end <= len(w.data) && string(w.data[w.i:end]) == c.quoted {
				key := span{uint32(w.i + len(`"`)), uint32(end - len(`":`)), kindText}
				w.i = end
				return key, c, nil
			}
		}
	}
	key, err := w.string()
	if err != nil {
		return span{}, nil, err
	}
	if w.next() != ':' {
		return span{}, nil, w.unexpected("a colon")
	}
	w.i++
	if p == nil {
		return key, nil, nil
	}
	c := w.child(p, key)
	if c != nil {
		*next = c
	}
	return key, c, nil
}

// child finds the place of key below p.
func (w *walker) child(p *place, key span) *place {
	name := w.data[key.start:key.end]
	if key.kind == kindEscaped {
		name = w.unescape(key)
	}
	const few = 8 // comparing so many costs less than hashing one
	if len(p.children) > few {
		return p.byKey[string(name)]
	}
	for _, c := range p.children {
		if c.key == string(name) {
			return c
		}
	}
	return nil
}
