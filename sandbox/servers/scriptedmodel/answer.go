package scriptedmodel

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// answer is the reply to a request.
type answer struct {
	reasoning    []string // tokens
	text         []string // tokens
	calls        []toolCall
	finish       string
	prompt       int // tokens
	cached       int // of them, from the cache
	reasoningKey string
}

// answer returns the reply, cut as the request limits it.
func (q *request) answer(seen *cache, minimum int) (*answer, error) {
	a := &answer{finish: "stop", reasoningKey: "reasoning_content"}
	if q.Model == Thinker {
		a.reasoningKey = "reasoning"
	}
	described, images, err := q.attachments()
	if err != nil {
		return nil, err
	}
	a.prompt, a.cached = seen.prompt(q, minimum)
	if a.prompt > contextWindow {
		return nil, refuse("messages", "context_length_exceeded",
			"This model's maximum context length is %d tokens. However, your messages resulted in %d tokens.", contextWindow, a.prompt)
	}
	a.calls = q.calls()
	switch {
	case len(a.calls) > 0:
		a.finish = "tool_calls"
	case q.directives.tokens > 0:
		a.text = q.directives.text()
		a.stopAt(q.Stop)
	default:
		a.text = tokens(q.reply(described, images))
		a.stopAt(q.Stop)
	}
	a.think(q)
	a.cut(q.limit())
	return a, nil
}

var aboutAttachment = regexp.MustCompile(`(?i)\b(?:image|picture|photo|file|document|pdf|colou?r)s?\b`)

// attachments describes the images and files that the reply is about: those since the last
// message of the user, or earlier ones if it mentions them.
func (q *request) attachments() (described string, images []seenImage, err error) {
	last := q.lastOfUser()
	for i, m := range q.Messages {
		text, seen, err := describeParts(m.Content)
		if err != nil {
			return "", nil, err
		}
		if text != "" && (i >= last || aboutAttachment.MatchString(q.asked())) {
			described, images = text, seen
		}
	}
	return described, images, nil
}

// contextWindow is the most tokens that a prompt may have.
const contextWindow = 131072

// stopAt ends the text before the first stop sequence.
func (a *answer) stopAt(sequences []string) {
	text := strings.Join(a.text, "")
	first := len(text)
	for _, s := range sequences {
		if at := strings.Index(text, s); at >= 0 && s != "" {
			first = min(first, at)
		}
	}
	if first < len(text) {
		a.text = tokens(strings.TrimRight(text[:first], " "))
	}
}

// cut ends the reply at a number of tokens. Reasoning comes first. A call that is cut is no
// call, so that it is whole or absent.
func (a *answer) cut(limit int) {
	if len(a.reasoning) > limit {
		a.reasoning, a.text, a.calls, a.finish = a.reasoning[:limit], nil, nil, "length"
		return
	}
	limit -= len(a.reasoning)
	if len(a.text) > limit {
		a.text, a.finish = a.text[:limit], "length"
	}
	for i := range a.calls {
		if limit -= callTokens(a.calls[i]); limit < 0 {
			a.calls, a.finish = a.calls[:i], "length"
			return
		}
	}
}

func callTokens(c toolCall) int { return count(c.Function.Name) + count(c.Function.Arguments) }

// completionTokens returns the number of tokens of one choice.
func (a *answer) completionTokens() int {
	sum := len(a.reasoning) + len(a.text)
	for _, call := range a.calls {
		sum += callTokens(call)
	}
	return sum
}

// steps are how many sentences the model thinks, by effort. It thinks none for others.
var steps = map[string]int{"minimal": 1, "low": 2, "medium": 4, "high": 8, "xhigh": 12, "max": 16}

// think adds the reasoning that the request asks for.
func (a *answer) think(q *request) {
	effort := q.ReasoningEffort
	if enabled, _ := q.TemplateArguments["enable_thinking"].(bool); effort == "" && (enabled || q.Model == Thinker) {
		effort = "low"
	}
	if steps[effort] == 0 {
		return
	}
	subject := tokens(q.asked())
	sentences := []string{fmt.Sprintf("The user says: %s", strings.Join(subject[:min(20, len(subject))], ""))}
	for i := 1; i < steps[effort]; i++ {
		sentences = append(sentences, fmt.Sprintf("Step %d: I check what is asked and what I know of it.", i))
	}
	a.reasoning = tokens(strings.Join(sentences, "\n"))
}

// asked returns the text of the last message of the user.
func (q *request) asked() string {
	if i := q.lastOfUser(); i >= 0 {
		return q.Messages[i].Content.text()
	}
	return ""
}

// reply returns the reply in words, or as JSON if the request or its instructions ask for
// that.
func (q *request) reply(described string, images []seenImage) string {
	source := strings.TrimSpace(strings.Join([]string{q.asked(), described, q.results()}, "\n"))
	switch q.ResponseFormat.Type {
	case "json_schema":
		return asText(newReader(source).fill(parseSchema(q.ResponseFormat.JSONSchema.Schema), ""))
	case "json_object":
		return q.jsonObject(source)
	}
	if onlyJSON.MatchString(q.instructions()) {
		return q.jsonObject(source)
	}
	switch oneWord := q.wantsOneWord(); {
	case q.results() != "":
		return strings.TrimSpace(q.results() + " " + described)
	case len(images) > 0 && oneWord:
		return images[0].color
	case described != "":
		return described
	default:
		return q.plainReply(oneWord)
	}
}

// results says what the tools returned since the last message of the user.
func (q *request) results() string {
	var sentences []string
	names := map[string]string{}
	for _, m := range q.Messages[max(0, q.lastOfUser()):] {
		for _, call := range m.ToolCalls {
			names[call.ID] = call.Function.Name
		}
		if m.Role != "tool" {
			continue
		}
		verb := "returned"
		if strings.HasPrefix(strings.ToLower(m.Content.text()), "error") {
			verb = "failed"
		}
		sentences = append(sentences, fmt.Sprintf("%s %s: %s", names[m.ToolCallID], verb, m.Content.text()))
	}
	return strings.Join(sentences, "\n")
}

var (
	schemaInText = regexp.MustCompile(`(?i)json schema[^{]{0,1000}`)
	onlyJSON     = regexp.MustCompile(`(?i)\bjson (?:object|value)? ?only\b|\bonly (?:with )?(?:an? )?json\b|\bnothing (?:but|other than) json\b`)
	quotedKey    = regexp.MustCompile(`["'` + "`" + `]([A-Za-z_][A-Za-z0-9_]*)["'` + "`" + `]`)
)

// jsonObject returns an object of a schema that the instructions contain, or with the
// members that they name in quotes.
func (q *request) jsonObject(source string) string {
	all := q.instructions() + "\n" + q.asked()
	if at := schemaInText.FindStringIndex(all); at != nil {
		var s json.RawMessage
		decoder := json.NewDecoder(strings.NewReader(all[at[1]:]))
		if decoder.Decode(&s) == nil {
			source = strings.Replace(source, all[at[0]:at[1]+int(decoder.InputOffset())], "", 1)
			return asText(newReader(source).fill(parseSchema(s), ""))
		}
	}
	made, seen := object{}, map[string]bool{}
	for _, key := range quotedKey.FindAllStringSubmatch(all, -1) {
		if !seen[key[1]] {
			made = append(made, objectMember{key[1], newReader(unquoted(q.asked())).string(schema{}, key[1])})
		}
		seen[key[1]] = true
	}
	if len(made) == 0 {
		made = object{{"answer", q.plainReply(q.wantsOneWord())}}
	}
	return asText(made)
}

// unquoted returns a text without the names in quotes.
func unquoted(text string) string { return quotedKey.ReplaceAllString(text, "$1") }

var oneWordWanted = regexp.MustCompile(`(?i)\b(?:one|a single|1) word\b`)

func (q *request) wantsOneWord() bool {
	return oneWordWanted.MatchString(q.instructions() + "\n" + q.asked())
}

var (
	nameTold  = regexp.MustCompile(`(?i:\bmy name is|\bcall me|\bi am called) (\p{Lu}[\p{L}'’-]*)`)
	nameAsked = regexp.MustCompile(`(?i)\bwhat(?:'s|’s| is) my name\b|\bwho am i\b`)
	oneWord   = regexp.MustCompile(`[\p{L}\p{N}]+`)
)

// plainReply replies in words: with what the conversation told of the user, or else by
// repeating the message.
func (q *request) plainReply(inOneWord bool) string {
	asked := q.asked()
	if nameAsked.MatchString(asked) {
		return q.nameReply(inOneWord)
	}
	asked = strings.Join(strings.Fields(asked), " ")
	if inOneWord {
		if word := oneWord.FindString(oneWordWanted.ReplaceAllString(asked, "")); word != "" {
			return word
		}
	}
	if asked == "" {
		return "There is no message to reply to."
	}
	return asked
}

func (q *request) nameReply(inOneWord bool) string {
	name := ""
	for _, m := range q.Messages {
		if found := nameTold.FindStringSubmatch(m.Content.text()); found != nil && m.Role != "assistant" {
			name = found[1]
		}
	}
	switch {
	case name == "" && inOneWord:
		return "Unknown"
	case name == "":
		return "You have not told me your name."
	case inOneWord:
		return name
	}
	return "Your name is " + name + "."
}
