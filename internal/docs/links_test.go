// Package docs checks the documents: that links resolve.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	symbols = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the sections of a document as GitHub names them.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		name := symbols.ReplaceAllString(strings.ToLower(match[1]), "")
		all[strings.ReplaceAll(name, " ", "-")] = true
	}
	return all
}

func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md", "examples/*/*.md", "sandbox/servers/*/README.md", "standins/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		all = append(all, found...)
	}
	require.NotEmpty(t, all)
	return all
}

func TestLinksResolve(t *testing.T) {
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(match[1], "#")
			target := document
			if path != "" {
				target = filepath.Join(filepath.Dir(document), path)
			}
			content, err := os.ReadFile(target)
			if err != nil {
				_, err = os.Stat(target) // a folder
			}
			if !assert.NoError(t, err, "%s: %s", document, match[1]) || anchor == "" {
				continue
			}
			assert.True(t, anchors(string(content))[anchor], "%s: %s has no such section", document, match[1])
		}
	}
}

func TestAnchors(t *testing.T) {
	got := anchors("# When `pulumi up` fails\n\n## A, b & c\n### up-killed\n")
	assert.Equal(t, map[string]bool{"when-pulumi-up-fails": true, "a-b--c": true, "up-killed": true}, got)
}
