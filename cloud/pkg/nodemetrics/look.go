package nodemetrics

import (
	"crypto/sha256"
)

// look reads files and remembers what they were like, so that two looks at the
// same files can be compared, and so that what is taken up is what was compared.
type look struct {
	names []string
	files map[string]seenFile
}

type seenFile struct {
	data []byte
	err  error
}

// lookAt looks at these files.
func lookAt(names []string) *look {
	l := &look{}
	for _, name := range names {
		_, _ = l.read(name)
	}
	return l
}

// clone returns a look that has seen the same as l, which may be nil.
func (l *look) clone() *look {
	c := &look{}
	if l != nil {
		for _, name := range l.names {
			f := l.files[name]
			c.note(name, f.data, f.err)
		}
	}
	return c
}

// read returns what the file was like when this look first came to it.
func (l *look) read(name string) ([]byte, error) {
	if f, ok := l.files[name]; ok {
		return f.data, f.err
	}
	data, err := readFile(name)
	l.note(name, data, err)
	return data, err
}

func (l *look) note(name string, data []byte, err error) {
	if l.files == nil {
		l.files = map[string]seenFile{}
	}
	l.files[name] = seenFile{data, err}
	l.names = append(l.names, name)
}

// through returns a reading function by which l notes what is read of another look.
func (l *look) through(other *look) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		data, err := other.read(name)
		if _, noted := l.files[name]; !noted {
			l.note(name, data, err)
		}
		return data, err
	}
}

// sum is a digest of all that was seen.
func (l *look) sum() (sum [sha256.Size]byte) {
	h := sha256.New()
	add := func(b []byte) {
		part := sha256.Sum256(b)
		h.Write(part[:])
	}
	for _, name := range l.names {
		f := l.files[name]
		add([]byte(name))
		add(f.data)
		if f.err != nil {
			add([]byte(f.err.Error()))
		}
	}
	h.Sum(sum[:0])
	return sum
}
