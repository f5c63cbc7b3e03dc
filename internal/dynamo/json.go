package dynamo

import "encoding/json"

// MarshalJSON writes the value in the form of DynamoDB's API. A map that is empty, but
// not nil, is written too, which the option omitempty would leave out.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.M != nil {
		return json.Marshal(struct{ M Item }{v.M})
	}
	type plain Value
	return json.Marshal(plain(v))
}
