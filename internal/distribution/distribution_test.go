package distribution_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/distribution/distributiontest"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

const (
	id     = "EDFDVBD6EXAMPLE"
	header = "x-origin-verify"
	opened = `<DistributionConfig xmlns="` + distributiontest.Namespace + `">`
)

var value = keyring.NewValue([keyring.ValueSize]byte{1, 2, 3})

// sample is a configuration with something of everything, on whose origin api the
// header is OLDVALUE.
func sample(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/config.xml")
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}

func of(fake *distributiontest.Fake) distribution.Distribution {
	return distribution.New(fake.Client(), distribution.Target{DistributionID: fake.ID, OriginID: "api", Header: header})
}

// publish reads, publishes and returns the configuration that CloudFront then has.
func publish(t testing.TB, config string) string {
	t.Helper()
	fake := distributiontest.New(id, config)
	seen, err := of(fake).Read(t.Context())
	require.NoError(t, err)
	require.NoError(t, of(fake).Publish(t.Context(), seen, value))
	return fake.Config()
}

func TestRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := distributiontest.New(id, sample(t))
		fake.DeployTime = 5 * time.Minute
		made := time.Now().Add(-24 * time.Hour)
		seen, err := of(fake).Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "OLDVALUE", seen.Header.Reveal())
		assert.Equal(t, "E1", seen.ETag)
		assert.True(t, seen.Modified.Equal(made))
		assert.True(t, seen.Deployed)
		for _, format := range []string{"%v", "%+v", "%#v", "%d", "%s"} {
			assert.NotContains(t, fmt.Sprintf(format, seen), "OLDVALUE")
		}

		require.NoError(t, of(fake).Publish(t.Context(), seen, value))
		seen, err = of(fake).Read(t.Context())
		require.NoError(t, err)
		assert.True(t, seen.Header.Equal(value))
		assert.False(t, seen.Deployed)
		time.Sleep(fake.DeployTime)
		seen, err = of(fake).Read(t.Context())
		require.NoError(t, err)
		assert.True(t, seen.Deployed)
		assert.Equal(t, "E2", seen.ETag)
	})
}

func TestPublishChangesOneValueAndNotAByteMore(t *testing.T) {
	config := sample(t)
	want := strings.Replace(config, "<HeaderValue>OLDVALUE<", "<HeaderValue>"+value.Reveal()+"<", 1)
	want = strings.Replace(want, "<DistributionConfig>", opened, 1)
	assert.Equal(t, want, publish(t, config))
}

func TestPublishDeclaresNamespacesOnce(t *testing.T) {
	config := strings.Replace(sample(t), "<DistributionConfig>", `<DistributionConfig xmlns="`+distributiontest.Namespace+`" a='b'>`, 1)
	want := strings.Replace(config, "<HeaderValue>OLDVALUE<", "<HeaderValue>"+value.Reveal()+"<", 1)
	assert.Equal(t, want, publish(t, config))
	assert.Equal(t, want, publish(t, want), "publishing what is there changes nothing")
}

func TestPublishAddsAMissingHeader(t *testing.T) {
	custom := "<OriginCustomHeader><HeaderName>" + header + "</HeaderName><HeaderValue>" + value.Reveal() + "</HeaderValue></OriginCustomHeader>"
	other := "<OriginCustomHeader><HeaderName>x-other</HeaderName><HeaderValue>o</HeaderValue></OriginCustomHeader>"
	for name, test := range map[string]struct{ was, want string }{
		"no headers":           {"", "<CustomHeaders><Quantity>1</Quantity><Items>" + custom + "</Items></CustomHeaders>"},
		"no items":             {"<CustomHeaders><Quantity>0</Quantity></CustomHeaders>", "<CustomHeaders><Quantity>1</Quantity><Items>" + custom + "</Items></CustomHeaders>"},
		"empty items":          {"<CustomHeaders><Quantity>0</Quantity><Items/></CustomHeaders>", "<CustomHeaders><Quantity>1</Quantity><Items>" + custom + "</Items></CustomHeaders>"},
		"items before number":  {"<CustomHeaders><Items></Items><Quantity>0</Quantity></CustomHeaders>", "<CustomHeaders><Items>" + custom + "</Items><Quantity>1</Quantity></CustomHeaders>"},
		"another header":       {"<CustomHeaders><Quantity>1</Quantity><Items>" + other + "</Items></CustomHeaders>", "<CustomHeaders><Quantity>2</Quantity><Items>" + other + custom + "</Items></CustomHeaders>"},
		"a header of no value": {"<CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>" + header + "</HeaderName><HeaderValue /></OriginCustomHeader></Items></CustomHeaders>", "<CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>" + header + "</HeaderName><HeaderValue >" + value.Reveal() + "</HeaderValue></OriginCustomHeader></Items></CustomHeaders>"},
	} {
		t.Run(name, func(t *testing.T) {
			config := func(headers string) string {
				return "<DistributionConfig><Origins><Quantity>1</Quantity><Items><Origin><Id>api</Id>" + headers + "</Origin></Items></Origins><Enabled>true</Enabled></DistributionConfig>"
			}
			fake := distributiontest.New(id, config(test.was))
			seen, err := of(fake).Read(t.Context())
			require.NoError(t, err)
			assert.Empty(t, seen.Header.Reveal())
			assert.Equal(t, strings.Replace(config(test.want), "<DistributionConfig>", opened, 1), publish(t, config(test.was)))
		})
	}
}

func TestPublishChangesEveryOriginThatHasTheHeader(t *testing.T) {
	config := func(api, stream, images string) string {
		origin := func(id, value string) string {
			if value == "" {
				return "<Origin><Id>" + id + "</Id></Origin>"
			}
			return "<Origin><Id>" + id + "</Id><CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>" + header +
				"</HeaderName><HeaderValue>" + value + "</HeaderValue></OriginCustomHeader></Items></CustomHeaders></Origin>"
		}
		return "<DistributionConfig><Origins><Quantity>3</Quantity><Items>" + origin("stream", stream) + origin("images", images) + origin("api", api) +
			"</Items></Origins></DistributionConfig>"
	}
	for name, test := range map[string]struct {
		api, stream, seen string
		mustStream        string // the origin that must have the header, besides the API's
	}{
		"the same":                 {"OLDVALUE", "OLDVALUE", "OLDVALUE", ""},
		"the same, and must be":    {"OLDVALUE", "OLDVALUE", "OLDVALUE", "stream"},
		"different":                {"OLDVALUE", "OTHER", "", ""},
		"different, and must be":   {"OLDVALUE", "OTHER", "", "stream"},
		"only on the second":       {"", "OLDVALUE", "", "stream"},
		"only on the API's":        {"OLDVALUE", "", "OLDVALUE", ""},
		"must be on the second":    {"OLDVALUE", "", "", "stream"},
		"on neither, must on both": {"", "", "", "stream"},
		"must on one that is not":  {"OLDVALUE", "OLDVALUE", "OLDVALUE", "removed"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := distributiontest.New(id, config(test.api, test.stream, ""))
			of := distribution.New(fake.Client(), distribution.Target{DistributionID: id, OriginID: "api", StreamOriginID: test.mustStream, Header: header})
			seen, err := of.Read(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.seen, seen.Header.Reveal())
			gets := test.stream != "" || test.mustStream == "stream"
			want := []distribution.Origin{{ID: "api", Header: keyring.HeaderValue(test.api)}}
			if gets {
				want = append([]distribution.Origin{{ID: "stream", Header: keyring.HeaderValue(test.stream)}}, want...)
			}
			require.Len(t, seen.Origins, len(want))
			for i, origin := range seen.Origins {
				assert.Equal(t, want[i].ID, origin.ID)
				assert.Equal(t, want[i].Header.Reveal(), origin.Header.Reveal())
			}

			require.NoError(t, of.Publish(t.Context(), seen, value))
			after := fake.Config()
			assert.Equal(t, value.Reveal(), distributiontest.HeaderOf(after, "api", header))
			assert.Empty(t, distributiontest.HeaderOf(after, "images", header))
			if gets {
				assert.Equal(t, value.Reveal(), distributiontest.HeaderOf(after, "stream", header))
			} else {
				assert.Empty(t, distributiontest.HeaderOf(after, "stream", header))
			}
			updates := 0
			for _, request := range fake.Requests() {
				if request.Method == http.MethodPut {
					updates++
				}
			}
			assert.Equal(t, 1, updates, "one update changes both")
		})
	}
}

func TestPublishKeepsPrefixes(t *testing.T) {
	config := `<c:DistributionConfig xmlns:c="` + distributiontest.Namespace + `"><c:Origins><c:Items><c:Origin><c:Id>api</c:Id></c:Origin></c:Items></c:Origins></c:DistributionConfig>`
	got := publish(t, config)
	assert.Contains(t, got, "<c:HeaderName>"+header+"</c:HeaderName><c:HeaderValue>"+value.Reveal()+"</c:HeaderValue>")
	assert.Equal(t, value.Reveal(), distributiontest.HeaderOf(got, "api", header))
}

func TestRejectsWhatItCannotChangeAlone(t *testing.T) {
	headers := func(values ...string) string {
		text := ""
		for _, v := range values {
			text += "<OriginCustomHeader><HeaderName>" + header + "</HeaderName><HeaderValue>" + v + "</HeaderValue></OriginCustomHeader>"
		}
		return "<CustomHeaders><Quantity>9</Quantity><Items>" + text + "</Items></CustomHeaders>"
	}
	origin := func(id, inner string) string { return "<Origin><Id>" + id + "</Id>" + inner + "</Origin>" }
	for name, test := range map[string]struct{ origins, want string }{
		"no such origin":      {origin("one", "") + origin("two", ""), `no origin is "api": there are ["one" "two"]; run`},
		"the header twice":    {origin("api", headers("secret1", "secret2")), `origin "api" has header x-origin-verify 2 times`},
		"twice on a second":   {origin("api", headers("secret1")) + origin("new", headers("secret1", "secret1")), `origin "new" has header x-origin-verify 2 times`},
		"the origin twice":    {origin("api", "") + origin("api", ""), `two origins "api"`},
		"an origin of no id":  {"<Origin/>", `no Id`},
		"no name of a header": {origin("api", "<CustomHeaders><Items><OriginCustomHeader><HeaderValue>secret1</HeaderValue></OriginCustomHeader></Items></CustomHeaders>"), `no HeaderName`},
		"no value":            {origin("api", "<CustomHeaders><Items><OriginCustomHeader><HeaderName>"+header+"</HeaderName></OriginCustomHeader></Items></CustomHeaders>"), `no HeaderValue`},
		"lists twice":         {origin("api", headers("secret1")+headers()), `2 elements CustomHeaders`},
		"two lists":           {"</Items><Items>", `2 elements Origins/Items`},
		"a document type":     {"<!DOCTYPE a>", `document type`},
	} {
		t.Run(name, func(t *testing.T) {
			fake := distributiontest.New(id, "<DistributionConfig><Origins><Items>"+test.origins+"</Items></Origins></DistributionConfig>")
			_, err := of(fake).Read(t.Context())
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, id)
			assert.NotContains(t, err.Error(), "secret1")
		})
	}
	t.Run("a strange number of headers", func(t *testing.T) {
		fake := distributiontest.New(id, "<DistributionConfig><Origins><Items>"+origin("api", "<CustomHeaders><Quantity>0x1</Quantity></CustomHeaders>")+"</Items></Origins></DistributionConfig>")
		seen, err := of(fake).Read(t.Context())
		if err != nil { // the SDK may object first
			assert.ErrorContains(t, err, "the SDK can't read the response")
			return
		}
		assert.ErrorContains(t, of(fake).Publish(t.Context(), seen, value), `custom headers is "0x1"`)
	})
	t.Run("no configuration", func(t *testing.T) {
		_, err := of(distributiontest.New(id, "")).Read(t.Context())
		assert.ErrorContains(t, err, "no DistributionConfig")
	})
	t.Run("no XML", func(t *testing.T) {
		_, err := of(distributiontest.New(id, "<DistributionConfig>secret1</Wrong>&secret1;")).Read(t.Context())
		require.Error(t, err)
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "secret1")
	})
}

func TestPublishIsRefusedWhenSomebodyWasFaster(t *testing.T) {
	fake := distributiontest.New(id, sample(t))
	seen, err := of(fake).Read(t.Context())
	require.NoError(t, err)
	fake.Set(strings.Replace(sample(t), "OLDVALUE", "THEIRS", 1))
	err = of(fake).Publish(t.Context(), seen, value)
	require.ErrorIs(t, err, distribution.ErrConflict)
	assert.ErrorContains(t, err, "read it again")
	assert.NotContains(t, fake.Config(), value.Reveal())
}

func TestErrorsNameTheFixAndNoValue(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDenied":          "must allow cloudfront:",
		"NoSuchDistribution":    "run `pulumi up`",
		"Throttling":            "the next tick retries",
		"InvalidArgument":       "InvalidArgument",
		"PreconditionFailed":    distribution.ErrConflict.Error(),
		"InvalidIfMatchVersion": distribution.ErrConflict.Error(),
	} {
		t.Run(code, func(t *testing.T) {
			fake := distributiontest.New(id, sample(t))
			seen, err := of(fake).Read(t.Context())
			require.NoError(t, err)
			fake.Before = func(context.Context, string) error {
				return distributiontest.Refusal{Status: http.StatusBadRequest, Code: code, Message: "the value " + value.Reveal() + " after OLDVALUE"}
			}
			err = of(fake).Publish(t.Context(), seen, value)
			require.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "change distribution "+id)
			said := fmt.Sprintf("%v %+v %#v", err, err, err)
			assert.NotContains(t, said, value.Reveal())
			assert.NotContains(t, said, "OLDVALUE")

			fake.Before = func(context.Context, string) error {
				return distributiontest.Refusal{Status: http.StatusBadRequest, Code: code}
			}
			_, err = of(fake).Read(t.Context())
			require.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "read distribution "+id)
		})
	}
	fake := distributiontest.New(id, sample(t))
	for _, sentinel := range []error{context.DeadlineExceeded, context.Canceled} {
		fake.Before = func(context.Context, string) error { return sentinel }
		_, err := of(fake).Read(t.Context())
		require.ErrorIs(t, err, sentinel)
	}
	fake.Before = func(context.Context, string) error { return errors.New("connection reset") }
	_, err := of(fake).Read(t.Context())
	require.ErrorContains(t, err, "connection reset")
}

// The signature covers the text that is sent, and not what the SDK wrote before.
func TestRequestsAreSigned(t *testing.T) {
	fake := distributiontest.New(id, sample(t))
	seen, err := of(fake).Read(t.Context())
	require.NoError(t, err)
	require.NoError(t, of(fake).Publish(t.Context(), seen, value))
	update := fake.Requests()[1]
	assert.Equal(t, "E1", update.Header.Get("If-Match"))
	assert.Equal(t, "application/xml", update.Header.Get("Content-Type"))
	assert.EqualValues(t, len(update.Body), update.ContentLength)
	assert.True(t, bytes.HasPrefix(update.Body, []byte(xml.Header)))

	signed, ok := update.Header["Authorization"]
	require.True(t, ok)
	when, err := time.Parse("20060102T150405Z", update.Header.Get("X-Amz-Date"))
	require.NoError(t, err)
	again := update.Clone(t.Context())
	again.Header.Del("Authorization")
	for name := range again.Header {
		if !strings.Contains(signed[0], strings.ToLower(name)) {
			again.Header.Del(name)
		}
	}
	hash := sha256.Sum256(update.Body)
	credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET"}
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(hash[:]), "cloudfront", "us-east-1", when))
	assert.Equal(t, signed[0], again.Header.Get("Authorization"))
}

// TestPublishKeepsWhateverElseThereIs makes configurations of every shape: origins
// and elements in any order, unknown ones, with and without prefixes, comments and
// spaces.
func TestPublishKeepsWhateverElseThereIs(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		config := anyConfig(random)
		before, after, found := strings.Cut(config, "OLDVALUE")
		require.True(t, found)
		before = strings.Replace(before, "<DistributionConfig>", opened, 1)
		require.Equal(t, before+value.Reveal()+after, publish(t, config), "seed %d", seed)
	}
}

func anyConfig(random *rand.Rand) string {
	mix := func(parts ...string) string {
		for range random.IntN(3) {
			parts = append(parts, noise(random))
		}
		random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return strings.Join(parts, "")
	}
	wrap := func(name, inner string) string { return "<" + name + ">" + inner + "</" + name + ">" }
	custom := func(name, value string) string {
		return wrap("OriginCustomHeader", mix(wrap("HeaderName", name), wrap("HeaderValue", value)))
	}
	headers := func(parts ...string) string {
		return wrap("CustomHeaders", mix(wrap("Quantity", fmt.Sprint(len(parts))), wrap("Items", mix(parts...))))
	}
	api := wrap("Origin", mix(wrap("Id", "api"), headers(custom("x-a", "&amp;&#10;"), custom("X-Origin-verify", "OLDVALUE"), custom("x-b", ""))))
	other := wrap("Origin", mix(wrap("Id", "apis"), headers(custom("x-origin-verify-2", "kept"))))
	bare := wrap("Origin", mix(wrap("Id", "bare")))
	return wrap("DistributionConfig", mix(wrap("Origins", mix(wrap("Quantity", "3"), wrap("Items", mix(api, other, bare)))), wrap("Enabled", "true")))
}

func noise(random *rand.Rand) string {
	return []string{
		"\n  ", "\t", "<!-- <HeaderValue>no</HeaderValue> -->", "<?pi x?>", "<Unknown a='1' b=\"&quot;\"/>", "<Unknown >t</Unknown\n>",
		`<o:HeaderValue xmlns:o="urn:other">other</o:HeaderValue>`, `<HeaderName xmlns="urn:other">x-origin-verify</HeaderName>`, "<New><Items><Origin/></Items></New>",
	}[random.IntN(9)]
}

// FuzzPublish looks for configurations of which a change loses or moves something.
func FuzzPublish(f *testing.F) {
	f.Add(sample(f))
	for seed := range uint64(20) {
		f.Add(anyConfig(rand.New(rand.NewPCG(seed, 1))))
	}
	f.Fuzz(func(t *testing.T, config string) {
		fake := distributiontest.New(id, config)
		seen, err := of(fake).Read(t.Context())
		if err != nil {
			return
		}
		if err := of(fake).Publish(t.Context(), seen, value); err != nil {
			return
		}
		again, err := of(fake).Read(t.Context())
		require.NoError(t, err)
		require.True(t, again.Header.Equal(value))
		if old := seen.Header.Reveal(); old != "" {
			require.Equal(t, strings.Count(config, "<"), strings.Count(fake.Config(), "<"))
		}
	})
}
