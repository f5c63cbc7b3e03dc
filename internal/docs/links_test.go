// Package docs checks the documents: that links resolve.
package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	span    = regexp.MustCompile("`[^`\n]+`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)(?: "[^"]*")?\)`)
	html    = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	label   = regexp.MustCompile(`(?m)^\[[^\]]+\]: +(\S+)`)
	scheme  = regexp.MustCompile(`^[a-z]+:`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	target  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	symbols = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// prose returns a document without its blocks of code, whose comments look like headings.
func prose(text string) string {
	return fence.ReplaceAllString(text, "")
}

// anchors are the sections of a document as GitHub names them: the second of the same name
// ends in -1.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(prose(text), -1) {
		name := symbols.ReplaceAllString(strings.ToLower(target.ReplaceAllString(match[1], "$1")), "")
		name = strings.ReplaceAll(name, " ", "-")
		unique := name
		for i := 1; all[unique]; i++ {
			unique = fmt.Sprintf("%s-%d", name, i)
		}
		all[unique] = true
	}
	return all
}

// links returns the targets of a document's links to files and sections, images included.
func links(text string) []string {
	var all []string
	text = span.ReplaceAllString(prose(text), "")
	for _, form := range []*regexp.Regexp{link, html, label} {
		for _, match := range form.FindAllStringSubmatch(text, -1) {
			if !scheme.MatchString(match[1]) {
				all = append(all, match[1])
			}
		}
	}
	return all
}

// documents returns all documents of the repository, without what is built or installed.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && entry.Name() != ".github" && skipped(entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && filepath.Ext(path) == ".md":
			all = append(all, path)
		}
		return nil
	}))
	for _, known := range []string{"README.md", "CONTRIBUTING.md", "docs/ci.md", "examples/README.md", "sandbox/servers/aws/README.md"} {
		require.Contains(t, all, filepath.Join(root, known))
	}
	return all
}

// skipped reports whether a folder has nothing that is written by hand.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{"dist", "node_modules", "testdata"}, name)
}

func TestLinksResolve(t *testing.T) {
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, link := range links(string(text)) {
			assert.NoError(t, resolve(document, link), "%s: %s", document, link)
		}
	}
}

// resolve returns an error for a link to a file or a section that isn't there, or to one
// outside the repository.
func resolve(document, link string) error {
	path, anchor, _ := strings.Cut(link, "#")
	file := document
	if path != "" {
		file = filepath.Join(filepath.Dir(document), path)
	}
	if inside, err := filepath.Rel(root, file); err != nil || !filepath.IsLocal(inside) {
		return fmt.Errorf("%s is outside the repository", file)
	}
	info, err := os.Stat(file)
	if err != nil || info.IsDir() && anchor == "" {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if anchor != "" && !anchors(string(content))[anchor] {
		return fmt.Errorf("%s has no section %q", file, anchor)
	}
	return nil
}

func TestAnchors(t *testing.T) {
	got := anchors("# When `pulumi up` fails\n\n## A, b & c\n### up-killed\n## [A page](a.md)\n```sh\n# a comment\n```\n### up-killed\n")
	assert.Equal(t, map[string]bool{"when-pulumi-up-fails": true, "a-b--c": true, "up-killed": true, "up-killed-1": true, "a-page": true}, got)
}

func TestLinks(t *testing.T) {
	got := links("[a](a.md#b) and [c](https://example.com) ![d](d.svg \"a title\")\n<img src=\"e.png\"> `[no](code.md)`\n" +
		"```md\n[no](fence.md)\n```\n[f]: f.md\n[g]: https://example.com\n[h](mailto:h@example.com) [i](#i)\n")
	assert.Equal(t, []string{"a.md#b", "d.svg", "#i", "e.png", "f.md"}, got)
}

func TestBrokenLinksAreErrors(t *testing.T) {
	document := filepath.Join(root, "docs", "ci.md")
	for link, want := range map[string]string{
		"#releases": "", "../README.md": "", "../examples": "", "settings.md#basic": "",
		"#release-s":          `docs/ci.md has no section "release-s"`,
		"setting.md":          "no such file",
		"settings.md#basics":  `docs/settings.md has no section "basics"`,
		"../examples#minimal": "is a directory",
		"../../other/x.md":    "is outside the repository",
	} {
		err := resolve(document, link)
		if want == "" {
			assert.NoError(t, err, link)
		} else {
			assert.ErrorContains(t, err, want, link)
		}
	}
}
