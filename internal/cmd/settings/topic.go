package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// entry is one setting: what the program checks and what Pulumi.yaml says of it.
type entry struct {
	config.Option
	name        string // as Pulumi.yaml has it
	description string
}

// topic is a heading with the settings below it.
type topic struct {
	title   string
	entries []entry
}

// general is the topic of settings that share their first word with no other.
const general = "General"

// foreign describes keys of other namespaces, which Pulumi.yaml can't.
var foreign = map[string]string{
	"aws:region": "Region of everything but CloudFront, which is everywhere.",
}

// topics puts the settings in the order of Pulumi.yaml, those that begin with the
// same word together. A topic's title is the comment above the first of them, or
// their word. So a new key finds its place by its name.
func topics(project []byte, options []config.Option) ([]topic, error) {
	entries, titles, err := described(project, options)
	if err != nil {
		return nil, err
	}
	all := []topic{{title: general}}
	byWord := map[string]int{} // in all
	for _, e := range entries {
		word := firstWord(e.name)
		at, known := byWord[word]
		if !known && shared(word, entries) {
			at = len(all)
			all = append(all, topic{title: title(word, titles)})
			byWord[word] = at
		}
		all[at].entries = append(all[at].entries, e)
	}
	return all, nil
}

// described reads the entries in the order of Pulumi.yaml, and the comments above
// keys by the keys' first words. Keys of other namespaces come first.
func described(project []byte, options []config.Option) (entries []entry, titles map[string]string, err error) {
	var document struct{ Config yaml.Node }
	if err := yaml.Unmarshal(project, &document); err != nil {
		return nil, nil, fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	byName := map[string]config.Option{}
	for _, option := range options {
		name, own := strings.CutPrefix(option.Name, config.Namespace+":")
		if own {
			byName[name] = option
			continue
		}
		if foreign[option.Name] == "" {
			return nil, nil, fmt.Errorf("describe %s in internal/cmd/settings: Pulumi.yaml can't", option.Name)
		}
		entries = append(entries, entry{Option: option, name: option.Name, description: foreign[option.Name]})
	}
	titles = map[string]string{}
	for pair := range slices.Chunk(document.Config.Content, 2) {
		option, known := byName[pair[0].Value]
		if !known {
			continue // configures the engine or a provider
		}
		var schema struct{ Description string }
		if err := pair[1].Decode(&schema); err != nil {
			return nil, nil, fmt.Errorf("%s in Pulumi.yaml: %w", pair[0].Value, err)
		}
		word := firstWord(pair[0].Value)
		if comment := strings.TrimSpace(strings.TrimLeft(pair[0].HeadComment, "#")); comment != "" && titles[word] == "" {
			titles[word] = comment
		}
		entries = append(entries, entry{Option: option, name: pair[0].Value, description: schema.Description})
		delete(byName, pair[0].Value)
	}
	for name := range byName {
		return nil, nil, fmt.Errorf("%s is not in Pulumi.yaml", name)
	}
	return entries, titles, nil
}

// firstWord is "rotation" of "rotationGrace".
func firstWord(name string) string {
	if end := strings.IndexFunc(name, unicode.IsUpper); end >= 0 {
		return name[:end]
	}
	return name
}

func shared(word string, entries []entry) bool {
	count := 0
	for _, e := range entries {
		if firstWord(e.name) == word {
			count++
		}
	}
	return count > 1
}

func title(word string, titles map[string]string) string {
	if titles[word] != "" {
		return titles[word]
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
