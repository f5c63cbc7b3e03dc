package rotation

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

const ringPath = "/gatehouse/test/origin-key"

// stored is a key as Parameter Store lists it.
func stored(made time.Time, number byte) (parameter, value string) {
	name := keyring.NewName(made, [keyring.NonceSize]byte{number})
	return ringPath + "/" + string(name), keyring.NewValue([keyring.ValueSize]byte{number}).Reveal()
}

func TestTheKeyIsChosenByItsNamesAge(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	times := keyring.Times{Settle: 30 * time.Second, Grace: 30 * time.Minute}
	var listed ssm.GetParametersByPathResult
	for i, age := range []time.Duration{time.Minute, 2 * time.Hour, time.Hour} { // in any order
		name, value := stored(now.Add(-age), byte(i+1))
		listed.Names, listed.Values = append(listed.Names, name), append(listed.Values, value)
	}
	listed.Names = append(listed.Names, ringPath+"/note", listed.Names[0]+"/below")
	listed.Values = append(listed.Values, "no key", listed.Values[0])
	got, err := choose(ringPath, listed, now, times)
	require.NoError(t, err)
	assert.Equal(t, listed.Values[2], got.Value.Reveal())
}

func TestNoErrorShowsAValue(t *testing.T) {
	now := time.Now()
	name, value := stored(now.Add(-time.Minute), 1)
	for _, listed := range []ssm.GetParametersByPathResult{
		{},
		{Names: []string{name}},
		{Names: []string{name, name}, Values: []string{value, value}},
	} {
		_, err := choose(ringPath, listed, now, keyring.Times{Grace: 30 * time.Minute})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), value)
	}
}
