package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRate(t *testing.T) {
	assert.Equal(t, "rate(1 minute)", rate(time.Minute))
	assert.Equal(t, "rate(60 minutes)", rate(time.Hour))
}
