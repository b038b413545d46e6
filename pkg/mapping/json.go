package mapping

// JSON returns the JSON of content as [Decoder.Decode] reads it. Content that is
// JSON already is not copied. The error, if any, is an [*Error].
func (d *Decoder) JSON(content any) ([]byte, error) {
	data, err := d.bytes(content)
	if err != nil {
		return nil, err
	}
	return data, nil
}
