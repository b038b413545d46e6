package mapping

// JSON returns the JSON of content as [Decoder.Decode] reads it. Content that is
// JSON already is not copied. The error, if any, is an [*Error].
func (d *Decoder) JSON(content any) ([]byte, error) { return d.JSONWithin(content, d.limits.Bytes) }

// JSONWithin is JSON of content that may have no more than so many bytes, or the
// decoder's limit if that is less.
func (d *Decoder) JSONWithin(content any, most int) ([]byte, error) {
	data, err := bytesWithin(content, min(most, d.limits.Bytes))
	if err != nil {
		return nil, err
	}
	return data, nil
}
