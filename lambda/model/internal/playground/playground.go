// Package playground has a page to try the API in a browser: one document without third
// parties, whose style and script are inline, and the content security policy that allows
// those and no others.
package playground

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
)

//go:embed page.html page.css stream.mjs words.mjs page.mjs
var files embed.FS

// Document is the page with its content security policy.
type Document struct {
	HTML                  string
	ContentSecurityPolicy string
}

// Page returns the page. It is assembled once, at its first request, so that functions
// start no later for it.
var Page = sync.OnceValue(assemble)

func assemble() Document {
	style, script := read("page.css"), inline("stream.mjs", "words.mjs", "page.mjs")
	return Document{
		HTML:                  strings.NewReplacer("{{style}}", style, "{{script}}", script).Replace(read("page.html")),
		ContentSecurityPolicy: policy(style, script),
	}
}

// policy returns a policy that allows this style, this script and requests to the page's
// own origin. Its images are the empty icon, for which browsers send a request otherwise.
// Trusted types keep the script from writing HTML.
func policy(style, script string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"connect-src 'self'",
		"img-src data:",
		"style-src " + source(style),
		"script-src " + source(script),
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// source returns the source expression that allows an inline text.
func source(text string) string {
	hash := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// inline joins modules to one script. Their imports of each other are left out: all that
// they declare is in the same scope then.
func inline(names ...string) string {
	var script strings.Builder
	for _, name := range names {
		for line := range strings.Lines(read(name)) {
			if !strings.HasPrefix(line, "import ") {
				script.WriteString(line)
			}
		}
	}
	return script.String()
}

func read(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("an embedded file: %v", err))
	}
	return string(text)
}
