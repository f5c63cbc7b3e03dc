package credential_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

func TestFind(t *testing.T) {
	text := credential.New(random()).Reveal()
	for _, around := range []string{text, "Bearer " + text, text[:20] + text, "a" + text + "b,c"} {
		assert.True(t, credential.IsIn(around))
		key, found := credential.Find(around)
		assert.True(t, found)
		assert.Equal(t, text, key.Reveal())
	}
	for _, part := range []string{text[:55], text[:8], text[:55] + "-"} {
		assert.True(t, credential.IsIn(part))
		_, found := credential.Find(part)
		assert.False(t, found)
	}
	assert.False(t, credential.IsIn("k7f3q9ab"))
	_, found := credential.Find("")
	assert.False(t, found)
}
