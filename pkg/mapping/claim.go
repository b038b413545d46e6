package mapping

// noFamilies is the mapping by which a message is read for its node alone.
var noFamilies = &Mapping{}

// DecodeNode is Decode that fills Node and BadNode alone, for a fraction of the
// work: whose a message is may decide whether it is worth decoding.
func (d *Decoder) DecodeNode(content any, r *Report) error {
	if err := d.claim.decode(content, r, nil); err != nil {
		return err
	}
	return nil
}
