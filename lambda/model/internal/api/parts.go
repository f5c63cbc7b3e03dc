package api

import (
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// partsOf lists the types of parts that a message of a role may have.
var partsOf = map[string][]string{
	chat.RoleSystem:    {"text"},
	chat.RoleUser:      {"text", "image_url", "file"},
	chat.RoleAssistant: {"text", "refusal"},
	chat.RoleTool:      {"text", "image_url", "file"},
}

// optionalContent is like content, for messages that may have none.
func (r *reader) optionalContent(at pointer, value strictjson.Value, types []string) []chat.Part {
	if value.Kind == strictjson.Null || isEmptyArray(value) {
		return nil
	}
	return r.content(at, value, types)
}

// content reads a string, which may be blank, or an array of parts of some types.
func (r *reader) content(at pointer, value strictjson.Value, types []string) []chat.Part {
	if value.Kind == strictjson.String {
		return []chat.Part{{Text: value.Text()}}
	}
	if value.Kind != strictjson.Array {
		r.refuse(at, "want a string or an array of parts, got %s", kindOf(value))
		return nil
	}
	elements := r.elements(at, value, "part")
	parts := make([]chat.Part, len(elements))
	for i, element := range elements {
		parts[i] = r.part(at.element(i), element, types)
	}
	return parts
}

func (r *reader) part(at pointer, value strictjson.Value, types []string) chat.Part {
	if !r.isObject(at, value, "type") {
		return chat.Part{}
	}
	kind := value.Get("type").Text()
	if !among(types...)(kind) {
		r.refuse(at.member("type"), "want %s in a message of this role, got %s", oneOf(types), kindOf(value.Get("type")))
		return chat.Part{}
	}
	r.unknown(at, value, "messages.content.", among("type", kind), "type, "+kind)
	content, in := value.Get(kind), at.member(kind)
	switch kind {
	case "image_url":
		return chat.Part{Image: r.image(in, content)}
	case "file":
		return chat.Part{File: r.file(in, content)}
	}
	if content.Kind != strictjson.String {
		r.refuse(in, "want a string, got %s", kindOf(content))
	}
	return chat.Part{Text: content.Text()}
}

func (r *reader) image(at pointer, value strictjson.Value) *chat.Image {
	if !r.isObject(at, value, "url and detail") {
		return nil
	}
	r.unknown(at, value, "messages.content.image_url.", among("url", "detail"), "url, detail")
	image, problem := imageOf(value.Get("url").Text())
	if problem != "" {
		r.refuse(at.member("url"), "%s", problem)
		return nil
	}
	image.Detail = r.choice(at.member("detail"), value.Get("detail"), "auto", "low", "high", "original")
	return image
}

func (r *reader) file(at pointer, value strictjson.Value) *chat.File {
	if !r.isObject(at, value, "filename and file_data") {
		return nil
	}
	r.unknown(at, value, "messages.content.file.", among("filename", "file_data", "file_id"), "filename, file_data")
	if value.Get("file_id").Kind != strictjson.Null {
		r.refuse(at.member("file_id"), "want none: there are no stored files. Send file_data")
		return nil
	}
	file, problem := fileOf(value.Get("file_data").Text())
	if problem != "" {
		r.refuse(at.member("file_data"), "%s", problem)
		return nil
	}
	file.Name = r.optionalText(at.member("filename"), value.Get("filename"))
	return file
}

// thinkingBlocks reads reasoning with the signatures that let a model recognize it.
func (r *reader) thinkingBlocks(at pointer, value strictjson.Value) []chat.Reasoning {
	if value.Kind != strictjson.Array {
		r.refuse(at, "want an array, got %s", kindOf(value))
		return nil
	}
	blocks := make([]chat.Reasoning, len(value.Elements()))
	for i, element := range value.Elements() {
		blocks[i] = r.thinkingBlock(at.element(i), element)
	}
	return blocks
}

func (r *reader) thinkingBlock(at pointer, value strictjson.Value) chat.Reasoning {
	if !r.isObject(at, value, "type, thinking and signature, or type and data") {
		return chat.Reasoning{}
	}
	switch value.Get("type").Text() {
	case thinkingType:
		r.unknown(at, value, "messages.thinking_blocks.", among("type", "thinking", "signature", "index"), "type, thinking, signature")
		return chat.Reasoning{
			Text:      r.optionalText(at.member("thinking"), value.Get("thinking")),
			Signature: r.optionalText(at.member("signature"), value.Get("signature")),
		}
	case redactedType:
		data, err := decodeBase64(value.Get("data").Text())
		if err != nil || len(data) == 0 {
			r.refuse(at.member("data"), "want base64, got %s", kindOf(value.Get("data")))
		}
		return chat.Reasoning{Redacted: data}
	}
	r.refuse(at.member("type"), "want %s or %s, got %s", thinkingType, redactedType, kindOf(value.Get("type")))
	return chat.Reasoning{}
}
