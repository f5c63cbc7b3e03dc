package release

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// section matches the heading of a release in the changelog: "## 1.2.0 - 2026-01-31", with
// or without brackets around the version.
var section = regexp.MustCompile(`^## \[?([0-9][^\]\s]*)\]? - \d{4}-\d{2}-\d{2}$`)

// checkVersion allows what is both a tag and the changelog's version with a "v".
func checkVersion(version string) error {
	if !semver.IsValid(version) || semver.Canonical(version) != version {
		return fmt.Errorf("the version is %q; allowed: a semantic version with all three numbers, such as v1.2.0 or v1.2.0-rc.1", version)
	}
	return nil
}

// Notes returns the section of a version in a changelog, without its heading. Links to
// files of the repository get the prefix, since they are read on another page.
func Notes(changelog, version, prefix string) (string, error) {
	if err := checkVersion(version); err != nil {
		return "", err
	}
	var notes strings.Builder
	inside, known := false, false
	for line := range strings.Lines(changelog) {
		if strings.HasPrefix(line, "## ") {
			match := section.FindStringSubmatch(strings.TrimSpace(line))
			inside = match != nil && "v"+match[1] == version
			known = known || inside
			continue
		}
		if inside {
			notes.WriteString(line)
		}
	}
	text := strings.TrimSpace(notes.String())
	switch {
	case !known:
		return "", fmt.Errorf("the changelog has no section of %s; add the heading \"## %s - YYYY-MM-DD\" below Unreleased", version, version[1:])
	case text == "":
		return "", fmt.Errorf("the changelog's section of %s is empty", version)
	}
	return absolute(text, prefix) + "\n", nil
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// absolute puts the prefix before the targets of relative links.
func absolute(text, prefix string) string {
	return link.ReplaceAllStringFunc(text, func(match string) string {
		target := link.FindStringSubmatch(match)[1]
		if strings.Contains(target, ":") || strings.HasPrefix(target, "#") {
			return match
		}
		return "](" + prefix + target + ")"
	})
}
