package keyring_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

func TestUpdateMargin(t *testing.T) {
	assert.Equal(t, 6*time.Minute, times.UpdateMargin())
	assert.Equal(t, 24*time.Minute, times.UpdateTime())
	assert.Equal(t, 9*time.Second, Times{Grace: 45 * time.Second}.UpdateMargin())
	assert.Equal(t, 36*time.Second, Times{Grace: 45 * time.Second}.UpdateTime())
	assert.Equal(t, 6*time.Minute, Times{Grace: 24 * time.Hour}.UpdateMargin())
}

func TestForUpdate(t *testing.T) {
	named := func(age time.Duration) Key { // without what a listing for an update doesn't say
		key := keyOf(age)
		key.Created = time.Time{}
		return key
	}
	firstOf := func(age time.Duration) Key {
		return Key{Name: NewFirstName(now.Add(-age)), Value: valueFrom(9)}
	}
	var (
		young   = firstOf(10 * time.Second)
		fresh   = named(10 * time.Second)
		settled = named(2 * time.Minute)
		almost  = named(6*time.Minute + 29*time.Second)
		exactly = named(6*time.Minute + 30*time.Second)
		older   = named(2 * time.Hour)
		oldest  = named(8 * time.Hour)
		future  = named(-time.Hour)
	)
	for _, test := range []struct {
		name  string
		keys  []Key
		want  Key
		fails string // part of the error
	}{
		{"steady", []Key{older}, older, ""},
		{"the newest of several", []Key{oldest, older}, older, ""},
		{"a successor that is not settled", []Key{older, fresh}, older, ""},
		{"a successor that is settled and not by the margin", []Key{older, settled}, older, ""},
		{"a second before the margin", []Key{older, almost}, older, ""},
		{"settled by the margin", []Key{older, exactly}, exactly, ""},
		{"a name from the future", []Key{older, future}, older, ""},

		{"a new stack", []Key{young}, young, ""},
		{"a new stack after its first tick", []Key{firstOf(3 * time.Minute), fresh}, firstOf(3 * time.Minute), ""},
		{"after a revocation", []Key{settled}, settled, ""},
		{"a keyring that is made anew", []Key{fresh}, fresh, ""},

		{"an empty keyring", nil, Key{}, "the keyring of origin keys is empty"},
		{"two revocations", []Key{settled, fresh}, Key{}, "update again in 4m31s"},
		{"all from the future", []Key{future, named(-2 * time.Hour)}, Key{}, "update again in 6m31s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ForUpdate(keyringOf(t, test.keys...), now, times)
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				assert.Zero(t, got)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want.Name, got.Name)
			assert.True(t, test.want.Value.Equal(got.Value))
		})
	}
}
