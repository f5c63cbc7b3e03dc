package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Measurement has the figures that one part of the benchmark measured at one time.
type Measurement struct {
	Part    string  `json:"part"`
	Date    string  `json:"date"` // YYYY-MM-DD, UTC
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// Record has the last measurement of each part. It is kept as JSON in the repository, and
// the document is rendered from it.
type Record struct {
	Measurements []Measurement `json:"measurements"`
}

// ReadRecord reads a record; without a file it is empty.
func ReadRecord(path string) (Record, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, err
	}
	var r Record
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// JSON returns the record as it is kept.
func (r Record) JSON() ([]byte, error) {
	content, err := json.MarshalIndent(r, "", "  ")
	return append(content, '\n'), err
}

// With returns the record with a newer measurement of its part; the other parts keep
// theirs. Parts are in the order of [Parts].
func (r Record) With(m Measurement) Record {
	all := slices.DeleteFunc(slices.Clone(r.Measurements), func(old Measurement) bool { return old.Part == m.Part })
	all = append(all, m)
	slices.SortStableFunc(all, func(a, b Measurement) int { return order(a.Part) - order(b.Part) })
	return Record{all}
}

func order(part string) int {
	return slices.IndexFunc(Parts, func(p Part) bool { return p.Name == part })
}
