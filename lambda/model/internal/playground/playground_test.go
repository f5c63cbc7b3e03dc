package playground

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inlined returns what a browser hashes: the text between the tags of the only element of
// this name.
func inlined(t *testing.T, html, element string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<`+element+`(?: [^>]*)?>(.*?)</`+element+`>`).FindAllStringSubmatch(html, -1)
	require.Len(t, found, 1, element)
	return found[0][1]
}

func TestPolicyAllowsTheInlineStyleAndScript(t *testing.T) {
	page := Page()
	for element, directive := range map[string]string{"style": "style-src", "script": "script-src"} {
		hash := sha256.Sum256([]byte(inlined(t, page.HTML, element)))
		assert.Contains(t, page.ContentSecurityPolicy, directive+" 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"';")
	}
}

func TestPolicyAllowsNothingElse(t *testing.T) {
	hash := regexp.MustCompile(`'sha256-[A-Za-z0-9+/]{43}='`)
	assert.Equal(t, "default-src 'none'; connect-src 'self'; img-src data:; style-src HASH; script-src HASH; base-uri 'none'; form-action 'none'; "+
		"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'", hash.ReplaceAllString(Page().ContentSecurityPolicy, "HASH"))
	assert.NotEqual(t, policy("a", "b"), policy("a", "c"))
	assert.NotEqual(t, policy("a", "b"), policy("c", "b"))
}

func TestPageIsOneDocumentWithoutThirdParties(t *testing.T) {
	html := Page().HTML
	assert.NotContains(t, html, "{{")
	assert.NotRegexp(t, `(?i)https?:|[("'\x60]//[a-z]`, html, "no addresses of other origins")
	assert.NotRegexp(t, `(?i)<(img|iframe|object|embed|base|video|audio)\b|\ssrc=|@import|url\(`, html)
	assert.NotRegexp(t, `(?i)\s(style|on[a-z]+)=["']`, html, "the policy allows no attributes with style or script")
	assert.NotRegexp(t, `(?m)^import `, html)
	assert.Regexp(t, `^<!doctype html>\n<html lang="en">`, html)
}

// The key and the model's output must not get where other code finds them.
func TestScriptWritesTextAloneAndStoresNothing(t *testing.T) {
	script := inlined(t, Page().HTML, "script")
	for _, forbidden := range []string{
		"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "localStorage", "sessionStorage", "indexedDB",
		"document.cookie", "pushState", "replaceState", "location.search", "location.hash", "location.href", "window.name", "postMessage", "console.",
	} {
		assert.NotContains(t, script, forbidden)
	}
	assert.NotContains(t, strings.ToLower(script), "<!--", "it would begin a comment of HTML")
}

func TestPageFitsAResponse(t *testing.T) {
	assert.Less(t, len(Page().HTML), 64<<10)
}

func BenchmarkAssemble(b *testing.B) {
	for b.Loop() {
		assemble()
	}
}
