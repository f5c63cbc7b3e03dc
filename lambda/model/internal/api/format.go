package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

var schemaName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// format reads the form that the answer must have.
func (r *reader) format(at pointer, value strictjson.Value) chat.Format {
	if value.Kind == strictjson.Null {
		return chat.Format{}
	}
	if !r.isObject(at, value, "type") {
		return chat.Format{}
	}
	switch value.Get("type").Text() {
	case "text":
		return chat.Format{}
	case chat.FormatJSON:
		if value.Get("schema").Kind != strictjson.Null {
			return r.objectFormat(at, value)
		}
		return chat.Format{Type: chat.FormatJSON}
	case chat.FormatSchema:
		return r.schemaFormat(at.member("json_schema"), value.Get("json_schema"))
	}
	r.refuse(at.member("type"), "want text, json_object or json_schema, got %s", kindOf(value.Get("type")))
	return chat.Format{}
}

// objectFormat reads a schema beside the type json_object, as llama.cpp and others have it.
func (r *reader) objectFormat(at pointer, value strictjson.Value) chat.Format {
	return chat.Format{Type: chat.FormatSchema, Name: "answer", Schema: r.answerSchema(at.member("schema"), value.Get("schema"))}
}

func (r *reader) schemaFormat(at pointer, value strictjson.Value) chat.Format {
	if !r.isObject(at, value, "name, description, schema and strict") {
		return chat.Format{}
	}
	r.unknown(at, value, "response_format.json_schema.", among("name", "description", "schema", "strict"), "name, description, schema, strict")
	name := value.Get("name").Text()
	if !schemaName.MatchString(name) {
		r.refuse(at.member("name"), "want 1 to 64 letters, digits, _ and -, got %s", kindOf(value.Get("name")))
	}
	strict := r.flag(at.member("strict"), value.Get("strict"))
	return chat.Format{
		Type:        chat.FormatSchema,
		Name:        name,
		Description: r.optionalText(at.member("description"), value.Get("description")),
		Schema:      r.answerSchema(at.member("schema"), value.Get("schema")),
		Strict:      strict != nil && *strict,
	}
}

// answerSchema returns the text of a schema that an answer can be checked with.
func (r *reader) answerSchema(at pointer, value strictjson.Value) json.RawMessage {
	schema := r.schema(at, value)
	if schema == nil {
		if value.Kind == strictjson.Null {
			r.refuse(at, "want a JSON schema, got nothing")
		}
		return nil
	}
	compiled, err := compile(schema)
	if err != nil {
		r.refuse(at, "want a valid JSON schema without references to other documents: %s", schemaProblem(err))
	} else if subschemas(value) > maxSubschemas {
		r.refuse(at, "want a schema with at most %d subschemas, those counted again that are referred to again", maxSubschemas)
	}
	r.answer = compiled
	return schema
}

// noLoader rejects references to other documents: the function fetches nothing that a
// client names.
type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errors.New("a reference to another document")
}

func compile(schema json.RawMessage) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(schema)))
	if err != nil {
		return nil, err
	}
	const address = "schema:request"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource(address, document); err != nil {
		return nil, err
	}
	return compiler.Compile(address)
}

// schemaProblem returns where a schema is invalid, without quoting it.
func schemaProblem(err error) string {
	invalid := (*jsonschema.SchemaValidationError)(nil)
	if cause := (*jsonschema.ValidationError)(nil); errors.As(err, &invalid) && errors.As(invalid.Err, &cause) {
		if faults := mismatches(cause); len(faults) > 0 {
			return "at " + faults[0].Pointer + ", " + faults[0].Detail
		}
	}
	if load := (*jsonschema.LoadURLError)(nil); errors.As(err, &load) {
		return "it has such a reference"
	}
	return "it can't be compiled"
}

// checkFormat returns the problem of an answer that doesn't have the form that the
// request asks for. An answer that was cut off, filtered or refused has no such problem:
// its finish_reason tells.
func (r *reader) checkFormat(format string, done chat.Completion) *problem {
	for i, choice := range done.Choices {
		if choice.StopReason != chat.EndTurn && choice.StopReason != chat.StopSequence || choice.Refusal != "" {
			continue
		}
		faults := r.formatFaults(format, choice.Text)
		if len(faults) == 0 {
			continue
		}
		for j := range faults {
			faults[j].Pointer = fmt.Sprintf("/choices/%d/message/content%s", i, faults[j].Pointer)
		}
		return newProblem(statusModelFailed, codeSchemaMismatch,
			"The model's answer doesn't have the form of response_format. Try again, or simplify the schema.", faults...).final()
	}
	return nil
}

func (r *reader) formatFaults(format, answer string) []strictjson.Fault {
	if format == "" {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(answer))
	if err != nil {
		return []strictjson.Fault{{Detail: "not JSON"}}
	}
	if format == chat.FormatJSON {
		if _, ok := value.(map[string]any); !ok {
			return []strictjson.Fault{{Detail: "not an object"}}
		}
		return nil
	}
	mismatch := (*jsonschema.ValidationError)(nil)
	if err := r.answer.Validate(value); errors.As(err, &mismatch) {
		return mismatches(mismatch)
	}
	return nil
}

// mismatches lists where a value doesn't match a schema and by which keyword, without
// quoting the value.
func mismatches(err *jsonschema.ValidationError) []strictjson.Fault {
	if len(err.Causes) == 0 {
		var at strings.Builder
		for _, name := range err.InstanceLocation {
			at.WriteString("/" + strictjson.Escape(name))
		}
		keyword := strings.Join(err.ErrorKind.KeywordPath(), "/")
		return []strictjson.Fault{{Pointer: at.String(), Detail: "does not match the schema's " + keyword}}
	}
	var all []strictjson.Fault
	for _, cause := range err.Causes {
		all = append(all, mismatches(cause)...)
	}
	return all[:min(len(all), maxFaults)]
}
