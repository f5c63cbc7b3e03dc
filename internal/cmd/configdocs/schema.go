package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// marker is the line of a project file after which its config block, and with it the
// file, is written by this command.
const marker = "  # \"make docs\" writes what follows from the table in internal/config; don't edit it here.\n"

// withSchema returns a project file with the schema of its own settings after the marker.
func withSchema(project []byte, namespace string, topics []config.Topic) ([]byte, error) {
	before, _, found := bytes.Cut(project, []byte(marker))
	if !found {
		return nil, fmt.Errorf("no line %q", marker)
	}
	var settings yaml.Node
	settings.Kind = yaml.MappingNode
	for _, topic := range topics {
		comment := "# " + topic.Title
		for _, option := range topic.Options {
			name, own := option.Own(namespace)
			if !own {
				continue // a key of another namespace has no schema
			}
			schema, err := schemaOf(option, namespace)
			if err != nil {
				return nil, err
			}
			key := scalar(name)
			if len(topics) > 1 {
				key.HeadComment, comment = comment, ""
			}
			settings.Content = append(settings.Content, key, schema)
		}
	}
	if len(settings.Content) == 0 {
		return nil, errors.New("no settings")
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&settings); err != nil {
		return nil, err
	}
	block := strings.ReplaceAll("\n"+strings.TrimRight(out.String(), "\n"), "\n", "\n  ")
	return bytes.Join([][]byte{before, []byte(marker), []byte(block[1:]), []byte("\n")}, nil), nil
}

// schemaOf returns the schema of one setting. One that is required, which an empty default
// breaks, has none.
func schemaOf(option config.Option, namespace string) (*yaml.Node, error) {
	schema := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) { schema.Content = append(schema.Content, scalar(key), value) }
	add("type", scalar(option.Type))
	if option.Type == "array" {
		items := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("type"), scalar("string")}}
		add("items", items)
	}
	if !option.Required {
		value, err := defaultOf(option)
		if err != nil {
			return nil, err
		}
		add("default", value)
	}
	description := summary(option, func(key string) string { return strings.TrimPrefix(key, namespace+":") })
	if option.Type != "boolean" {
		description += " Allowed: " + option.Allowed + "."
	}
	add("description", scalar(description))
	return schema, nil
}

func defaultOf(option config.Option) (*yaml.Node, error) {
	switch option.Type {
	case "string":
		return scalar(option.Default), nil
	case "array":
		var values []string
		if err := json.Unmarshal([]byte(option.Default), &values); err != nil {
			return nil, fmt.Errorf("default of %s: %w", option.Name, err)
		}
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, value := range values {
			list.Content = append(list.Content, scalar(value))
		}
		return list, nil
	default: // a number or a truth value
		return &yaml.Node{Kind: yaml.ScalarNode, Value: option.Default}, nil
	}
}

// scalar returns a string, in double quotes if it needs any.
func scalar(value string) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(value)
	if plain, err := yaml.Marshal(value); err == nil && plain[0] == '\'' {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}

// summary returns the description of a setting with what it depends on. Keys are written
// with write, and values that they must have.
func summary(option config.Option, write func(string) string) string {
	parts := []string{option.Description}
	if len(option.Requires) > 0 {
		var needed []string
		for _, q := range option.Requires {
			condition := write(q.Key) + " to be set"
			if q.Value != "" {
				condition = write(q.Key) + " to be " + write(q.Value)
			}
			needed = append(needed, condition)
		}
		parts = append(parts, "It requires "+enumerate(needed)+".")
	}
	if len(option.ConflictsWith) > 0 {
		var others []string
		for _, key := range option.ConflictsWith {
			others = append(others, write(key))
		}
		parts = append(parts, "It conflicts with "+enumerate(others)+".")
	}
	return strings.Join(parts, " ")
}

// enumerate returns "a, b and c".
func enumerate(parts []string) string {
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
