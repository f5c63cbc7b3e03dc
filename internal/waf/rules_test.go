package waf

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumbersAboveALimit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a repeatable sequence
	limits := []int{1, 9, 10, 99, 100, 1024, 1999, 4096, 65_536, 99_999, 1 << 20, 10 << 20}
	for range 200 {
		limits = append(limits, 1+random.IntN(10<<20))
	}
	for _, limit := range limits {
		text := numberAbove(limit)
		assert.LessOrEqual(t, len(text), 512, "what AWS WAF takes")
		pattern := regexp.MustCompile(text)
		numbers := []int{0, 1, limit - 1, limit, limit + 1, limit * 10, limit*10 - 1, 1 << 40}
		for range 200 {
			numbers = append(numbers, random.IntN(2*limit+2))
		}
		for _, number := range numbers {
			for _, zeros := range []string{"", "000"} {
				assert.Equal(t, number > limit, pattern.MatchString(zeros+strconv.Itoa(number)), "%s%d > %d: %s", zeros, number, limit, text)
			}
		}
	}
}

func TestWhatIsNoNumberIsNotAboveALimit(t *testing.T) {
	pattern := regexp.MustCompile(numberAbove(1 << 20))
	for _, text := range []string{"", "0", "-99999999", "1e9", "99999999x", "9 9999999", "0x99999999"} {
		assert.False(t, pattern.MatchString(text), text)
	}
}
