package lambdaenv

import "strings"

// Header reads a header's name in lower case, as HTTP APIs name headers.
func (r *Reader) Header(name string) string {
	return r.Text(name, "a header's name in lower case, such as x-origin-verify", isHeaderName)
}

func isHeaderName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}
