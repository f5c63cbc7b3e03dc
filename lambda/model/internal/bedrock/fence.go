package bedrock

import "strings"

// codeFence begins and ends code in Markdown.
const codeFence = "```"

// unfence removes the code fence around an answer in JSON that a model was instructed to
// give without one. It takes the answer in pieces. Its zero value is at the beginning.
type unfence struct {
	held    string // not passed on yet
	started bool   // whether it is known if there is a fence
	fenced  bool
	ended   bool // whether the fence has ended
}

// write takes a piece, and returns what can be passed on.
func (u *unfence) write(piece string) string {
	u.held += piece
	if !u.started && !u.start() {
		return ""
	}
	if !u.fenced {
		return u.take(len(u.held))
	}
	return u.inside()
}

// start reports whether it is known if there is a fence, and removes its first line.
func (u *unfence) start() bool {
	text := strings.TrimLeft(u.held, " \t\r\n")
	if len(text) < len(codeFence) && strings.HasPrefix(codeFence, text) {
		return false
	}
	if strings.HasPrefix(text, codeFence) {
		line := strings.IndexByte(text, '\n')
		if line < 0 {
			return false
		}
		u.fenced = true
		u.held = text[line+1:]
	}
	u.started = true
	return true
}

// inside returns what is before the end of the fence, which begins a line: a string in
// JSON has no line feed.
func (u *unfence) inside() string {
	const end = "\n" + codeFence
	if u.ended {
		u.held = ""
		return ""
	}
	if found := strings.Index(u.held, end); found >= 0 {
		passed := u.held[:found]
		u.ended, u.held = true, ""
		return passed
	}
	for keep := min(len(end)-1, len(u.held)); keep > 0; keep-- {
		if strings.HasPrefix(end, u.held[len(u.held)-keep:]) {
			return u.take(len(u.held) - keep)
		}
	}
	return u.take(len(u.held))
}

// take returns the first bytes of what is held.
func (u *unfence) take(length int) string {
	taken := u.held[:length]
	u.held = u.held[length:]
	return taken
}

// flush returns what is held at the end.
func (u *unfence) flush() string {
	switch {
	case u.ended:
		return ""
	case !u.started:
		return withoutFence(u.held)
	}
	return u.take(len(u.held))
}

// withoutFence returns a text without the code fence around it, which is on one line.
func withoutFence(text string) string {
	inside, opened := strings.CutPrefix(strings.TrimSpace(text), codeFence)
	inside, closed := strings.CutSuffix(inside, codeFence)
	if !opened || !closed {
		return text
	}
	return strings.TrimSpace(strings.TrimPrefix(inside, "json"))
}
