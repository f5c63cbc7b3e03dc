package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const introduction = `<!-- Made by "make docs" from the table in internal/config; don't edit it. -->

# Settings

The settings of a stack are in its ` + "`Pulumi.<stack>.yaml`" + `. Write them there, or with ` + "`pulumi config set`" + `:

` + "```sh" + `
pulumi config set throttleRate 500
pulumi config set --path 'corsOrigins[0]' https://app.example.com
` + "```" + `

` + "```yaml" + `
config:
  gatehouse:throttleRate: 500
  gatehouse:corsOrigins: [https://app.example.com]
` + "```" + `

- A wrong or misspelt setting stops ` + "`up` and `preview`" + ` before anything is changed. One message lists all of them.
- A duration is a string such as ` + "`90s`, `5m` or `6h`" + `.
- Where the default is empty, the setting is empty until you set it.
- Values that YAML reads as another number than the one in the file are refused: ` + "`0512`" + ` is octal, and 330 to YAML. In
  quotes they are what is written.

A new stack needs at most the [basic settings](#basic). Each of the [advanced settings](#advanced) has a default that works.
`

// reference returns the page with all settings, the basic ones first.
func reference(topics []config.Topic) string {
	var out strings.Builder
	out.WriteString(introduction)
	for _, part := range []struct {
		title string
		basic bool
	}{{"Basic", true}, {"Advanced", false}} {
		fmt.Fprintf(&out, "\n## %s\n", part.title)
		for _, topic := range topics {
			writeTable(&out, topic, part.basic)
		}
	}
	return out.String()
}

// writeTable writes the basic or the advanced settings of a topic, if there are any.
func writeTable(out *strings.Builder, topic config.Topic, basic bool) {
	var rows []string
	for _, option := range topic.Options {
		if option.Basic != basic {
			continue
		}
		name, _ := option.Own(config.Namespace)
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n",
			name, option.Type, defaultText(option), allowedText(option), cell(summary(option, code))))
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### %s\n\n| setting | type | default | allowed | description |\n|---|---|---|---|---|\n%s", topic.Title, strings.Join(rows, ""))
}

func defaultText(option config.Option) string {
	if option.Default == "" || option.Default == "[]" {
		return "empty"
	}
	return "`" + option.Default + "`"
}

// allowedText returns what is allowed as Markdown, without the examples of durations that
// the introduction has.
func allowedText(option config.Option) string {
	allowed := strings.TrimSuffix(option.Allowed, ", such as 90s, 5m or 6h")
	before, values, enumerates := strings.Cut(allowed, "one of ")
	if enumerates {
		return before + "one of `" + strings.ReplaceAll(values, ", ", "`, `") + "`"
	}
	if option.Type == "boolean" {
		return "`true` or `false`"
	}
	return cell(allowed)
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	// settingKey matches keys of more than one word, which nothing else looks like.
	settingKey = regexp.MustCompile(`\b[a-z]+(?:[A-Z][a-z0-9]+)+\b`)
	page       = regexp.MustCompile(`\bdocs/([a-z-]+\.md)`)
)

// cell returns text as Markdown in a table: keys of settings as code, other documents as
// links, and nothing else with a meaning in Markdown, outside of what is code already.
func cell(text string) string {
	var out strings.Builder
	at := 0
	for _, span := range codeSpan.FindAllStringIndex(text, -1) {
		out.WriteString(prose(text[at:span[0]]))
		out.WriteString(text[span[0]:span[1]])
		at = span[1]
	}
	out.WriteString(prose(text[at:]))
	return strings.ReplaceAll(out.String(), "|", `\|`)
}

func prose(text string) string {
	text = strings.NewReplacer("*", `\*`, "<", "&lt;").Replace(text)
	text = settingKey.ReplaceAllString(text, "`$0`")
	return page.ReplaceAllString(text, "[$1]($1)")
}

func code(key string) string { return "`" + strings.TrimPrefix(key, config.Namespace+":") + "`" }
