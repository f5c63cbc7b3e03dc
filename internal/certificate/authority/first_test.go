package authority

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFirstIsTheIntermediate(t *testing.T) {
	id, err := first([]string{"intermediate", "root"})
	require.NoError(t, err)
	assert.Equal(t, "intermediate", id)
	_, err = first(nil)
	require.ErrorContains(t, err, "pulumi up --replace '**authority-intermediate-request'")
}
