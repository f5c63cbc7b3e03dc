package keyring_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

func TestDeployments(t *testing.T) {
	at := func(second int) time.Time { return now.Add(time.Duration(second) * time.Second) }
	var seen Deployments
	assert.Zero(t, seen.See("a", false, at(1)), "in progress")
	assert.Equal(t, at(2), seen.See("a", true, at(2)), "deployed")
	assert.Equal(t, at(2), seen.See("a", true, at(3)), "still the same version")
	assert.Equal(t, at(4), seen.See("b", true, at(4)), "another version")
	assert.Zero(t, seen.See("b", false, at(5)), "in progress again")
	assert.Equal(t, at(6), seen.See("b", true, at(6)), "and deployed again")
}
