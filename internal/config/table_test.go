package config

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheTableHasTheKeysThatAreRead(t *testing.T) {
	r := newReader(table, nil)
	read(r)
	seen := map[string]bool{}
	for _, option := range Options() {
		assert.False(t, seen[option.Name], "%s is there twice", option.Name)
		seen[option.Name] = true
	}
	assert.Equal(t, r.read, seen)

	r = pipelineReader(nil)
	readPipeline(r)
	seen = map[string]bool{}
	for _, option := range PipelineTopics()[0].Options {
		seen[option.Name] = true
	}
	assert.Equal(t, r.read, seen)
}

func TestOptionsSayWhatErrorsSay(t *testing.T) {
	allowed := map[string]string{}
	for _, key := range Options() {
		assert.NotContains(t, key.Allowed, "\n", key.Name)
		assert.NotEmpty(t, key.Allowed, key.Name)
		allowed[key.Name] = key.Allowed
	}
	assert.Equal(t, "an AWS region such as us-east-1", allowed["aws:region"])
	assert.Equal(t, "one of arm64, x86_64", allowed["gatehouse:lambdaArchitecture"])
	assert.Equal(t, "a whole number from 1 to 65536", allowed["gatehouse:modelMaxTokens"])
	assert.Equal(t, "a duration from 0s to 1h in whole seconds, such as 90s, 5m or 6h", allowed["gatehouse:authorizerTtl"])
	assert.Equal(t, "a list in which each is an IPv4 network such as 10.1.0.0/16", allowed["gatehouse:networkPeerCidrs"])
}

// What is allowed is only in words in the table: a value of none of the types breaks
// every rule, and the error has the same words.
func TestEveryRuleRefusesWithItsWords(t *testing.T) {
	config := map[string]string{}
	for _, option := range Options() {
		config[option.Name] = "\x00"
	}
	_, err := Load(config)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	rules := map[string]string{}
	for _, problem := range problems {
		rules[problem.Key] = problem.Rule
	}
	for _, option := range Options() {
		if option.Name == kubernetesKubeconfig.String() {
			continue // every string may be a path
		}
		assert.True(t, strings.HasPrefix(rules[option.Name], "allowed: "+option.Allowed), "%s: %s", option.Name, rules[option.Name])
	}
}

func TestDefaultsAreAllowed(t *testing.T) {
	for _, option := range Options() {
		_, err := Load(map[string]string{option.Name: option.Default})
		assert.NoError(t, err, option.Name)
	}
}

// A new user reads the basic settings, so there are few.
func TestAtMostThirtySettingsAreBasic(t *testing.T) {
	count := 0
	for _, option := range Options() {
		if option.Basic {
			count++
		}
	}
	assert.LessOrEqual(t, count, 30)
}

func TestDescriptionsAreSentences(t *testing.T) {
	for _, topic := range slices.Concat(Topics(), PipelineTopics()) {
		for _, option := range topic.Options {
			assert.Regexp(t, `^[A-Z\d].*\.$`, option.Description, option.Name)
			assert.NotRegexp(t, `\n|  `, option.Description, option.Name)
		}
	}
}

// A description names other settings by their keys, which a later change could miss.
func TestDescriptionsNameSettingsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, option := range Options() {
		name, _ := option.Own(Namespace)
		known[name] = true
	}
	words := regexp.MustCompile(`\b[a-z]+(?:[A-Z][a-z0-9]+)+\b`)
	for _, option := range Options() {
		for _, word := range words.FindAllString(option.Description, -1) {
			if word != IssuerCertManager {
				assert.True(t, known[word], "%s in the description of %s", word, option.Name)
			}
		}
	}
}

func TestASettingIsSetIfItsValueIsNotTheDefault(t *testing.T) {
	s := setting[[]string]{key: "names", byDefault: []string{"a", "b"}}
	for given, set := range map[string]bool{`["a","b"]`: false, `["a", "b"]`: false, `["b","a"]`: true, `[]`: true, `a`: true} {
		assert.Equal(t, set, s.isSet(newReader(nil, config{"gatehouse:names": given})), given)
	}
	assert.False(t, s.isSet(newReader(nil, nil)))
}

func TestRequirementsAndConflicts(t *testing.T) {
	network := setting[bool]{key: "network"}
	zones := setting[int]{key: "zones", byDefault: 2}
	model := setting[string]{key: "model", requires: []requirement{network.toBe(true).because("it is in there"), zones.toBeSet()}}
	other := setting[string]{key: "other", conflicts: conflict{with: []anySetting{network, zones, model}, why: "set only one"}}
	for _, c := range []struct {
		config config
		want   []string
	}{
		{nil, nil},
		{config{"gatehouse:model": "", "gatehouse:other": ""}, nil},
		{config{"gatehouse:model": "m"}, []string{`gatehouse:model is "m"; it requires gatehouse:network to be true: it is in there`}},
		{config{"gatehouse:model": "m", "gatehouse:network": "true"}, []string{`gatehouse:model is "m"; it requires gatehouse:zones to be set`}},
		{config{"gatehouse:model": "m", "gatehouse:network": "true", "gatehouse:zones": "3"}, nil},
		{config{"gatehouse:other": "o", "gatehouse:zones": "2"}, nil},
		{config{"gatehouse:other": "o", "gatehouse:network": "true", "gatehouse:zones": "3"}, []string{
			`gatehouse:other is "o"; it conflicts with gatehouse:network, gatehouse:zones: set only one`,
		}},
	} {
		r := newReader(nil, c.config)
		model.checkRelations(r)
		other.checkRelations(r)
		var got []string
		for _, problem := range r.problems {
			got = append(got, problem.String())
		}
		assert.Equal(t, c.want, got)
	}
}
