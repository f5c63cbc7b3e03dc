package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/distribution/distributiontest"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

const (
	flushHTTP = "flush authorizer cache of the HTTP API"
	flushREST = "flush authorizer cache of the streaming REST API"
)

var bothTwice = []string{flushHTTP, flushREST, flushHTTP, flushREST}

// revokeOf returns the event that continues the revocation.
func revokeOf(through string) json.RawMessage {
	return eventOf("revoke", `,"through":"`+through+`"`)
}

// steadyWorld runs a test in a world after the first rotation, whose CloudFront deploys at
// once.
func steadyWorld(t *testing.T, test func(t *testing.T, w *world, r *rotator, through string)) {
	t.Helper()
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 9)
		w.front.DeployTime = 0
		test(t, w, r, string(w.inUse()))
	})
}

// The caches are flushed although the run that pruned could not do it, and the revocation
// isn't done before.
func TestARefusedFlushMeansNotDone(t *testing.T) {
	for operation, c := range map[string]struct {
		flushed []string // by the run that is refused
		api     string
		other   string
	}{
		"ResetAuthorizersCache":      {[]string{"REST"}, "HTTP API abcdef1234", "fedcba4321"},
		"FlushStageAuthorizersCache": {[]string{"HTTP"}, "streaming REST API fedcba4321", "abcdef1234"},
	} {
		for _, refusal := range []error{&smithy.GenericAPIError{Code: "AccessDeniedException"}, errLost} {
			steadyWorld(t, func(t *testing.T, w *world, r *rotator, through string) {
				w.hook = func(_ context.Context, _ int, called string, after bool) error {
					if called == operation && !after {
						return refusal
					}
					return nil
				}
				got, err := w.send(r, eventOf("revoke"))
				require.ErrorContains(t, err, "flush the authorizer cache of the "+c.api)
				require.ErrorContains(t, err, "the rotator's role must allow apigateway:DELETE")
				require.ErrorContains(t, err, "6m0s")
				assert.NotContains(t, err.Error(), c.other)
				assert.False(t, got.Done)
				assert.Equal(t, c.flushed, w.gate.flushed, "the other API's cache is flushed all the same")

				again, err := w.send(r, revokeOf(through))
				require.Error(t, err, "as long as it is refused")
				assert.False(t, again.Done)

				w.hook, w.gate.flushed = nil, nil
				got, err = w.send(r, revokeOf(through))
				require.NoError(t, err)
				assert.True(t, got.Done)
				assert.Equal(t, bothTwice, steps(got))
				assert.Equal(t, []string{"HTTP", "REST", "HTTP", "REST"}, w.gate.flushed)
			})
		}
	}
}

// The second flush of each API counts as the first does.
func TestARefusedSecondFlushMeansNotDone(t *testing.T) {
	steadyWorld(t, func(t *testing.T, w *world, r *rotator, _ string) {
		w.hook = func(_ context.Context, _ int, called string, after bool) error {
			if called == "FlushStageAuthorizersCache" && !after && len(w.gate.flushed) > 2 {
				return errLost
			}
			return nil
		}
		got, err := w.send(r, eventOf("revoke"))
		require.ErrorContains(t, err, "streaming REST API")
		assert.False(t, got.Done)
		assert.Equal(t, []string{"HTTP", "REST", "HTTP"}, w.gate.flushed)
	})
}

func TestBothRefusedFlushesAreNamed(t *testing.T) {
	steadyWorld(t, func(t *testing.T, w *world, r *rotator, _ string) {
		w.hook = func(_ context.Context, _ int, called string, _ bool) error {
			if strings.HasSuffix(called, "AuthorizersCache") {
				return errors.New("refused")
			}
			return nil
		}
		_, err := w.send(r, eventOf("revoke"))
		require.ErrorContains(t, err, "HTTP API abcdef1234")
		require.ErrorContains(t, err, "streaming REST API fedcba4321")
	})
}

// A run that is killed at any moment between the flushes leaves the revocation to the next
// one, which flushes both caches again.
func TestARunKilledBetweenFlushesIsContinued(t *testing.T) {
	for _, flushed := range [][]string{{}, {"HTTP"}, {"HTTP", "REST"}, {"HTTP", "REST", "HTTP"}} {
		steadyWorld(t, func(t *testing.T, w *world, r *rotator, through string) {
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			w.hook = func(_ context.Context, _ int, called string, after bool) error {
				if strings.HasSuffix(called, "AuthorizersCache") && !after && len(w.gate.flushed) == len(flushed) {
					kill()
				}
				return ctx.Err()
			}
			_, err := r.handle(ctx, eventOf("revoke"))
			require.Error(t, err)
			assert.Equal(t, flushed, append([]string{}, w.gate.flushed...))

			w.hook, w.gate.flushed = nil, nil
			got, err := w.send(w.rotator(), revokeOf(through))
			require.NoError(t, err)
			assert.True(t, got.Done)
			assert.Equal(t, bothTwice, steps(got))
			w.requireSteady()
		})
	}
}

func TestAStackOfOneAPIFlushesOneCache(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.switched = true
		w.front.Set(strings.Replace(w.front.Config(), originOf("stream", w.ring().Keys()[0].Value.Reveal()), "", 1))
		w.front.DeployTime = 0
		for range 9 {
			_, err := w.send(r, eventOfOneAPI("tick"))
			require.NoError(t, err)
			time.Sleep(tick)
		}
		got, err := w.send(r, eventOfOneAPI("revoke"))
		require.NoError(t, err)
		assert.True(t, got.Done)
		assert.Equal(t, []string{"HTTP", "HTTP"}, w.gate.flushed)
		for _, p := range w.probes {
			assert.NotEqual(t, restURL, p.url)
			assert.NotContains(t, p.path, "chat")
		}
	})
}

// While an update of the stack adds the REST API, CloudFront sends it the key before the
// schedule's event names it.
func TestARevocationThatDoesNotNameTheRESTAPIIsNotDone(t *testing.T) {
	steadyWorld(t, func(t *testing.T, w *world, r *rotator, through string) {
		got, err := w.send(r, eventOfOneAPI("revoke"))
		require.ErrorContains(t, err, `sends the key to origin "stream" as well, whose API the event does not name`)
		require.ErrorContains(t, err, "6m0s")
		assert.False(t, got.Done)
		assert.Equal(t, []string{"HTTP", "HTTP"}, w.gate.flushed, "the HTTP API's cache is flushed all the same")

		w.gate.flushed = nil
		got, err = w.send(r, revokeOf(through))
		require.NoError(t, err)
		assert.True(t, got.Done)
		assert.Equal(t, []string{"HTTP", "REST", "HTTP", "REST"}, w.gate.flushed)
	})
}

// A value that was changed by hand on one origin is replaced, and no edge location that
// has it is forgotten: keys that may still be sent stay.
func TestRepairsTheHeaderOfOneOrigin(t *testing.T) {
	for name, broken := range map[string]func(good, older string) string{
		"the HTTP API's":             func(good, _ string) string { return configOf("foreign-value", good) },
		"the REST API's":             func(good, _ string) string { return configOf(good, "foreign-value") },
		"the REST API's is an older": func(good, older string) string { return configOf(good, older) },
		"the HTTP API's is an older": func(good, older string) string { return configOf(older, good) },
		"the REST API's is missing": func(good, _ string) string {
			return strings.Replace(configOf(good, "x"), originOf("stream", "x"), "<Origin><Id>stream</Id></Origin>", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r := w.rotator()
				w.ticks(r, 9)
				_, err := w.send(r, eventOf("rotate"))
				require.NoError(t, err)
				keys := w.ring().Keys()
				require.Len(t, keys, 2)
				older, good := keys[0].Value.Reveal(), keys[1].Value.Reveal()
				w.t = ignoring{t}
				w.front.Set(broken(good, older))

				status, err := r.handle(t.Context(), eventOf("status"))
				require.NoError(t, err)
				assert.Equal(t, "different values to its origins", status.(rotatorapi.Status).Header)
				require.Len(t, status.(rotatorapi.Status).Origins, 2)
				assert.Equal(t, "publish", status.(rotatorapi.Status).Next.Action)

				got, err := w.send(r, eventOf("tick"))
				require.NoError(t, err)
				assert.Equal(t, []string{"publish"}, steps(got))
				assert.Equal(t, 2, w.ring().Len(), "nothing is deleted while edges may send it")
				for _, origin := range []string{"api", "stream"} {
					assert.True(t, distributiontest.HeaderOf(w.front.Config(), origin, testHeader) == good, origin)
				}
				assert.Equal(t, 1.0, lastMetrics(t, w)["Repairs"])
				assert.Contains(t, w.said.String(), "origins have different values")
				assert.NotContains(t, w.said.String(), "foreign-value")
				w.requireSilence()
			})
		})
	}
}

func TestStatusNamesWhatEachOriginGets(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		good := w.ring().Keys()[0]
		status := func() rotatorapi.Status {
			result, err := r.handle(t.Context(), eventOf("status"))
			require.NoError(t, err)
			return result.(rotatorapi.Status)
		}
		assert.Empty(t, status().Origins, "they agree")
		config := w.front.Config()
		test := w.t
		w.t = ignoring{t}
		w.front.Set(configOf(good.Value.Reveal(), "foreign"))
		assert.Equal(t, []rotatorapi.OriginStatus{
			{ID: "api", Header: "a key of the keyring", Key: good.Name},
			{ID: "stream", Header: "a value that is in no key of the keyring"},
		}, status().Origins)
		w.front.Set(configOf("", good.Value.Reveal()))
		assert.Equal(t, []rotatorapi.OriginStatus{
			{ID: "api", Header: "nothing"},
			{ID: "stream", Header: "a key of the keyring", Key: good.Name},
		}, status().Origins)
		w.front.Set(config)
		w.front.DeployTime = 0
		w.t = test
	})
}

// Each check is made at both APIs, and a failed one names its API.
func TestChecksNameTheAPIThatFails(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.answers[restURL] = http.StatusForbidden
		got, err := w.send(r, eventOf("tick"))
		require.NoError(t, err)
		assert.Equal(t, []string{"add"}, steps(got))
		assert.Contains(t, got.Next, "not accepted by the streaming REST API")
		assert.NotContains(t, got.Next, "HTTP API and")

		w.answers[apiURL] = http.StatusForbidden
		got, err = w.send(r, eventOf("tick"))
		require.NoError(t, err)
		assert.Contains(t, got.Next, "not accepted by the HTTP API and the streaming REST API")

		clear(w.answers)
		w.answers[viewersURL+"/api/chat/healthz"] = http.StatusBadGateway
		w.ticks(r, 9)
		assert.Equal(t, 2, w.ring().Len(), "not pruned")
		assert.Contains(t, w.said.String(), "no request gets through CloudFront to the streaming REST API, though")

		clear(w.answers)
		w.ticks(r, 1)
		w.requireSteady()
	})
}

func TestAnOpenRESTAPIIsNoticed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 8)
		w.answers[restURL] = http.StatusOK
		require.Len(t, r.pruned, 1)
		w.ticks(r, 1)
		assert.Equal(t, 2.0, lastMetrics(t, w)["FailedChecks"], "the made-up key and the deleted one")
		assert.Contains(t, w.said.String(), `"api":"streaming REST API"`)
		assert.NotContains(t, w.said.String(), `"api":"HTTP API","error"`)
		clear(w.answers)
		w.ticks(r, 1)
		assert.Empty(t, r.pruned)
	})
}

// An update of the stack adds and removes the second origin between two ticks, and the
// schedule's event may name it before or after.
func TestStreamingIsTurnedOffAndOn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 9)
		w.switched = true
		used := func() string { return distributiontest.HeaderOf(w.front.Config(), "api", testHeader) }
		off := func() { w.front.Set(strings.Replace(configWith(used()), originOf("stream", used()), "", 1)) }
		on := func() { w.front.Set(configWith(used())) }
		for i, change := range []func(){off, on, off, on} {
			change()
			for _, event := range []json.RawMessage{eventOf("rotate"), eventOfOneAPI("tick"), eventOf("tick")} {
				_, err := w.send(r, event)
				require.NoError(t, err, i)
				time.Sleep(tick)
			}
		}
		w.ticks(r, 9)
		w.requireSteady()
		assert.NotContains(t, w.said.String(), "origins have different values")
	})
}
