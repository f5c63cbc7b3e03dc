package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// object is a JSON object by the exact names of its members. Decoding to a struct would
// take a member with other letter case for the same.
type object map[string]json.RawMessage

var errDuplicate = errors.New("the object has a member twice")

// parseObject reads a JSON object. It refuses members that are there twice: which of them
// counts differs between readers.
func parseObject(content []byte) (object, error) {
	if !utf8.Valid(content) || !json.Valid(content) {
		return nil, errors.New("it is no JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	read := object{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, twice := read[name]; twice {
			return nil, errDuplicate
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		read[name] = value
	}
	return read, nil
}

// has reports whether there is a member with a name, of any value.
func (o object) has(name string) bool {
	_, found := o[name]
	return found
}

// text reads a member that is a string. It may be absent, which is "", but not null.
func (o object) text(name string) (string, bool) {
	raw, found := o[name]
	if !found {
		return "", true
	}
	var value *string
	if json.Unmarshal(raw, &value) != nil || value == nil {
		return "", false
	}
	return *value, true
}

// texts reads a member that is a list of strings. It may be absent, which is nil.
func (o object) texts(name string) ([]string, bool) {
	raw, found := o[name]
	if !found {
		return nil, true
	}
	var values []*string
	if json.Unmarshal(raw, &values) != nil || values == nil {
		return nil, false
	}
	read := make([]string, len(values))
	for i, value := range values {
		if value == nil {
			return nil, false
		}
		read[i] = *value
	}
	return read, true
}

// latest is a time beyond all that tokens have, in seconds: the year 36812.
const latest = 1 << 40

// time reads a member that is a time in seconds, without their fractions, and reports
// whether it is there.
func (o object) time(name string) (seconds int64, found, ok bool) {
	raw, found := o[name]
	if !found {
		return 0, false, true
	}
	var value *float64
	if json.Unmarshal(raw, &value) != nil || value == nil || *value < 0 || *value > latest {
		return 0, true, false
	}
	return int64(math.Floor(*value)), true, true
}

// isName reports whether a claim's value can name a holder.
func isName(value string) bool {
	return len(value) <= maxText && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
}
