package keyring_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

func ExampleNewName() {
	made := time.Date(2026, 1, 31, 23, 59, 59, 123456789, time.UTC)
	fmt.Println(NewName(made, [NonceSize]byte{0x0a, 0x1b, 0x2c, 0x3d}))
	// Output: 20260131T235959.123Z-0a1b2c3d
}

func TestParseName(t *testing.T) {
	tests := []struct {
		name, given string
		ok          bool
	}{
		{"a name", "20260131T235959.123Z-0a1b2c3d", true},
		{"leap day", "20280229T000000.000Z-00000000", true},
		{"empty", "", false},
		{"no nonce", "20260131T235959.123Z", false},
		{"upper case", "20260131T235959.123Z-0A1B2C3D", false},
		{"no such day", "20260230T235959.123Z-0a1b2c3d", false},
		{"no such hour", "20260131T245959.123Z-0a1b2c3d", false},
		{"comma", "20260131T235959,123Z-0a1b2c3d", false},
		{"another separator", "20260131T235959.123Z_0a1b2c3d", false},
		{"trailing line break", "20260131T235959.123Z-0a1b2c3\n", false},
		{"a path", "/gatehouse/dev/origin-key/20260131", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name, err := ParseName(test.given)
			if !test.ok {
				require.ErrorContains(t, err, fmt.Sprintf("%q", test.given))
				assert.ErrorContains(t, err, "want")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.given, string(name))
		})
	}
}

func TestNameTime(t *testing.T) {
	made := time.Date(2026, 1, 31, 23, 59, 59, 123e6, time.FixedZone("", 3600))
	assert.True(t, made.Equal(NewName(made, [NonceSize]byte{1}).Time()))
	assert.Zero(t, Name("no name").Time())
}

func TestFirstName(t *testing.T) {
	name := NewFirstName(now)
	_, err := ParseName(string(name))
	require.NoError(t, err)
	assert.True(t, name.IsFirst())
	assert.False(t, NewName(now, [NonceSize]byte{0, 0, 0, 1}).IsFirst())
}

func FuzzParseName(f *testing.F) {
	f.Add("20260131T235959.123Z-0a1b2c3d")
	f.Add("20260131T235959.123+-0a1b2c3d")
	f.Add("00000000T000000.000Z-00000000")
	f.Fuzz(func(t *testing.T, given string) {
		name, err := ParseName(given)
		if err != nil {
			assert.Empty(t, name)
			return
		}
		assert.Equal(t, given, string(name))
		assert.Equal(t, given[:21], string(NewName(name.Time(), [NonceSize]byte{})[:21]))
	})
}

func FuzzNameOrder(f *testing.F) {
	f.Add(int64(0), int64(1), uint32(0), uint32(1))
	f.Add(int64(1769903999123), int64(1769904000000), ^uint32(0), uint32(0))
	f.Fuzz(func(t *testing.T, a, b int64, nonceA, nonceB uint32) {
		const years = 8000 * 365 * 24 * 3600 * 1000 // the format has four digits for the year
		a, b = (a%years+years)%years, (b%years+years)%years
		nameA, nameB := NewName(time.UnixMilli(a), nonce(nonceA)), NewName(time.UnixMilli(b), nonce(nonceB))
		_, err := ParseName(string(nameA))
		require.NoError(t, err)
		if a != b {
			assert.Equal(t, a < b, strings.Compare(string(nameA), string(nameB)) < 0)
		}
	})
}

func nonce(n uint32) [NonceSize]byte {
	return [NonceSize]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}
