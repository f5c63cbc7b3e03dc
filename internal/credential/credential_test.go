package credential_test

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

func random() (bytes [credential.RandomSize]byte) {
	_, _ = rand.Read(bytes[:])
	return bytes
}

func TestNewKeysHaveTheFormThatScannersFind(t *testing.T) {
	pattern := regexp.MustCompile(`^` + credential.Pattern + `$`)
	highest := [credential.RandomSize]byte{}
	for i := range highest {
		highest[i] = 0xff
	}
	for _, bytes := range [][credential.RandomSize]byte{{}, highest, random()} {
		key := credential.New(bytes)
		assert.Regexp(t, pattern, key.Reveal())
		assert.True(t, credential.HasForm(key.Reveal()))
		read, err := credential.Parse(key.Reveal())
		require.NoError(t, err)
		assert.Equal(t, key.Reveal(), read.Reveal())
	}
}

// The key of zero bytes, so that no release reads the keys of the one before differently.
func TestFormIsStable(t *testing.T) {
	key := credential.New([credential.RandomSize]byte{})
	zeros := "sk-gth_" + strings.Repeat("0", 43)
	assert.Equal(t, zeros, key.Reveal()[:len(zeros)])
	assert.Equal(t, "423apc", key.Reveal()[len(zeros):])
	assert.Len(t, key.Digest().String(), 43)
	assert.Len(t, key.Digest().ID(), 8)
	assert.Regexp(t, `^[a-z2-7]{8}$`, key.Digest().ID())
}

func TestParseFindsEveryChangedCharacter(t *testing.T) {
	text := credential.New(random()).Reveal()
	for i := len("sk-gth_"); i < len(text); i++ {
		changed := []byte(text)
		changed[i] = map[bool]byte{true: 'b', false: 'a'}[changed[i] == 'a']
		_, err := credential.Parse(string(changed))
		require.ErrorIs(t, err, credential.ErrChecksum, "character %d", i)
	}
}

func TestParseRefusesOtherForms(t *testing.T) {
	text := credential.New(random()).Reveal()
	for _, other := range []string{
		"", "sk-", "sk-proj-abcdef", text[:55], text + "0", " " + text, text + "\n", strings.ToUpper(text),
		strings.Replace(text, "gth", "gtx", 1), text[:55] + "é", text[:55] + "-", strings.Repeat("a", 8192),
	} {
		key, err := credential.Parse(other)
		require.ErrorIs(t, err, credential.ErrForm)
		assert.True(t, key.IsZero())
		if len(other) > 10 {
			assert.NotContains(t, err.Error(), other)
		}
	}
}

func TestKeysPrintNothing(t *testing.T) {
	key := credential.New(random())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.NotContains(t, fmt.Sprintf(verb, struct{ key credential.Key }{key}), key.Reveal()[7:])
		assert.NotContains(t, fmt.Sprintf(verb, key), key.Reveal()[7:])
	}
}

func TestDigestsDiffer(t *testing.T) {
	one, other := credential.New(random()).Digest(), credential.New(random()).Digest()
	assert.True(t, one.Equal(one))
	assert.False(t, one.Equal(other))
	assert.NotEqual(t, one.ID(), other.ID())
}

func FuzzParse(f *testing.F) {
	f.Add(credential.New([credential.RandomSize]byte{}).Reveal())
	f.Add("sk-gth_")
	pattern := regexp.MustCompile(`^` + credential.Pattern + `$`)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := credential.Parse(text)
		assert.Equal(t, pattern.MatchString(text) && !strings.HasSuffix(text, "\n"), credential.HasForm(text))
		if err == nil {
			assert.Equal(t, text, key.Reveal())
		}
	})
}
