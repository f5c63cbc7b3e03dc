package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// checkStackFile refuses values of a stack's file that YAML reads as another value than
// the one that is written. The engine hands over what YAML read: of 0512, which is octal
// in YAML 1.1, the program would see 330, an allowed value that no one chose.
//
// A value that the engine has from another source, such as `--config-file`, is not the
// file's, and is left alone.
func (r *reader) checkStackFile(path string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, written := range writtenValues(content) {
		key := r.full(written.key)
		given, ok := r.config[key]
		if !ok || !written.becomes(given) {
			continue
		}
		text, given := r.shown(key, written.text), r.shown(key, given)
		r.problems = append(r.problems, Problem{
			Key: key, Given: text,
			Rule: fmt.Sprintf("allowed: the same in quotes, or what is meant in plain digits: %s is %s to YAML", text, given),
		})
	}
	return nil
}

// writtenValue is a value of a stack's file without quotes.
type writtenValue struct {
	key  string
	text string // as it is written
	read any    // as YAML reads it
}

// writtenValues returns the values without quotes that aren't strings to YAML, in the
// order of the file. A file that can't be read is the engine's to report.
func writtenValues(content []byte) []writtenValue {
	var file struct {
		Config yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil || file.Config.Kind != yaml.MappingNode {
		return nil
	}
	var values []writtenValue
	for i := 0; i+1 < len(file.Config.Content); i += 2 {
		key, value := file.Config.Content[i], file.Config.Content[i+1]
		var read any
		if value.Kind != yaml.ScalarNode || value.Style&^yaml.TaggedStyle != 0 || value.Decode(&read) != nil {
			continue
		}
		values = append(values, writtenValue{key: key.Value, text: value.Value, read: read})
	}
	return values
}

// becomes reports whether given is what the engine makes of the value, and differs
// from what the file has.
func (w writtenValue) becomes(given string) bool {
	switch read := w.read.(type) {
	case nil, string:
		return false
	case bool:
		return strconv.FormatBool(read) == given && !strings.EqualFold(w.text, given)
	case float64:
		short, long := strconv.FormatFloat(read, 'g', -1, 64), strconv.FormatFloat(read, 'f', -1, 64)
		return w.text != given && (given == short || given == long)
	default:
		return w.text != given && fmt.Sprint(read) == given
	}
}
