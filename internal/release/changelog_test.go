package release_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/release"
)

const changelog = `# Changelog

What users notice.

## Unreleased

### Added

- Something that isn't released.

## [1.10.0] - 2026-03-01

## 1.1.0-rc.1 - 2026-02-01

- A candidate.

## 1.1.0 - 2026-02-02

### Changed

- The table has another index ([docs/clients.md](docs/clients.md#keys)), as
  [AWS](https://aws.amazon.com) and [others](#added) say.

### Fixed

- A bug.

## 1.0.0 - 2026-01-01

- The first one.
`

func TestNotesAreTheSectionOfTheVersion(t *testing.T) {
	notes, err := release.Notes(changelog, "v1.1.0", "https://example.com/blob/v1.1.0/")
	require.NoError(t, err)
	assert.Equal(t, `### Changed

- The table has another index ([docs/clients.md](https://example.com/blob/v1.1.0/docs/clients.md#keys)), as
  [AWS](https://aws.amazon.com) and [others](#added) say.

### Fixed

- A bug.
`, notes)

	for version, want := range map[string]string{"v1.0.0": "- The first one.\n", "v1.1.0-rc.1": "- A candidate.\n"} {
		notes, err := release.Notes(changelog, version, "")
		require.NoError(t, err)
		assert.Equal(t, want, notes)
	}
}

func TestVersionMustBeInTheChangelog(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.0":     `the changelog has no section of v1.2.0; add the heading "## 1.2.0 - YYYY-MM-DD" below Unreleased`,
		"v1.1.0-rc":  "the changelog has no section of v1.1.0-rc;",
		"v1.10.0":    "the changelog's section of v1.10.0 is empty",
		"Unreleased": `the version is "Unreleased"; allowed: a semantic version`,
		"1.1.0":      `the version is "1.1.0"; allowed: a semantic version`,
		"":           `the version is ""; allowed: a semantic version`,
	} {
		_, err := release.Notes(changelog, version, "")
		require.ErrorContains(t, err, want, version)
	}
}

// A heading that the notes' function doesn't read would end up in the notes of none.
func TestEveryHeadingOfTheChangelogIsRead(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		heading, is := strings.CutPrefix(strings.TrimSpace(line), "## ")
		if !is || heading == "Unreleased" {
			continue
		}
		version, _, _ := strings.Cut(strings.Trim(heading, "["), " ")
		_, err := release.Notes(string(text), "v"+strings.TrimSuffix(version, "]"), "")
		assert.NoError(t, err, heading)
	}
}
