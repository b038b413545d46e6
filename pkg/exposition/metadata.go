package exposition

import "github.com/edgegauge/edgegauge/pkg/mapping"

// appendMetadata appends the HELP and TYPE lines of a family. In OpenMetrics its
// name and type may be others, and quotes in HELP are escaped.
func appendMetadata(b []byte, f *mapping.Family, format format) []byte {
	name, typ := f.Name, string(f.Type)
	if format == openMetrics {
		name, typ = f.OpenMetrics()
	}
	b = append(append(append(b, "# HELP "...), name...), ' ')
	for i := 0; i < len(f.Help); i++ {
		switch c := f.Help[i]; {
		case c == '\\':
			b = append(b, `\\`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '"' && format == openMetrics:
			b = append(b, `\"`...)
		default:
			b = append(b, c)
		}
	}
	b = append(append(append(b, "\n# TYPE "...), name...), ' ')
	return append(append(b, typ...), '\n')
}
