package waf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// queryInDocs is the query of docs/edge.md that finds what a counting firewall would
// have blocked: a fenced block.
var queryInDocs = regexp.MustCompile(`(?m)^filter ispresent\((\S+)\)\n\| stats count\(\*\) by (\S+), (\S+)$`)

// fields are the fields of a record in JSON as CloudWatch Logs Insights discovers them:
// arrays by index, in dots.
func fields(prefix string, value any, all map[string]string) map[string]string {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			fields(prefix+"."+name, member, all)
		}
	case []any:
		for i, element := range value {
			fields(fmt.Sprintf("%s.%d", prefix, i), element, all)
		}
	case nil:
	default:
		all[strings.TrimPrefix(prefix, ".")] = fmt.Sprint(value)
	}
	return all
}

// The records have the form of those in AWS WAF's developer guide, one for each rule of
// the firewall that counts, one of a prompt that a rule of AWS's counts, and one that was
// blocked.
func TestQueryInTheDocsFindsCountedRequests(t *testing.T) {
	docs, err := os.ReadFile("../../docs/edge.md")
	require.NoError(t, err)
	query := queryInDocs.FindStringSubmatch(string(docs))
	require.NotNil(t, query, "docs/edge.md has no such query")
	assert.Equal(t, query[1], query[2], "it counts what it filters")

	found := map[string]string{}
	records, err := filepath.Glob("testdata/records/*.json")
	require.NoError(t, err)
	for _, path := range records {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var record any
		require.NoError(t, json.Unmarshal(text, &record))
		discovered := fields("", record, map[string]string{})
		if rule, ok := discovered[query[1]]; ok {
			found[strings.TrimSuffix(filepath.Base(path), ".json")] = rule
			assert.Equal(t, "/api/models", discovered[query[3]])
		}
	}
	want := map[string]string{}
	for _, rule := range config.Rules {
		want[rule] = rule
	}
	assert.Equal(t, want, found)
}
