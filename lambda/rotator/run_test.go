package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// inWorld runs a test in a new world, and checks all output for secrets.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		test(t, w)
		w.check()
		w.requireSilence()
	})
}

func steps(result rotatorapi.Result) []string {
	var names []string
	for _, step := range result.Steps {
		names = append(names, step.Action)
	}
	return names
}

func TestFirstTickReplacesTheFirstKey(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		began := time.Now()
		got, err := w.send(r, eventOf("tick"))
		require.NoError(t, err)
		assert.Equal(t, []string{"add", "publish"}, steps(got))
		assert.Contains(t, got.Steps[0].Reason, "first")
		assert.Equal(t, testEnvironment.Times.Settle, time.Since(began), "it waits for the key to settle and for nothing else")
		assert.False(t, w.inUse().IsFirst())
		assert.True(t, got.Done)
		assert.NotEmpty(t, got.Next)
		assert.Equal(t, "30m0s", got.RetryAfter)
		assert.Equal(t, 2, w.ring().Len())

		w.ticks(r, 8)
		w.requireSteady()
		w.ticks(r, 60)
		w.requireSteady()
		inUse := w.inUse()
		w.ticks(r, 15)
		assert.NotEqual(t, inUse, w.inUse(), "six hours are over")
		assert.NotContains(t, w.said.String(), "check failed")
		assert.NotContains(t, w.said.String(), `"level":"ERROR"`)
	})
}

func TestTicksOfColdRotatorsGetThereToo(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		for range 10 {
			w.ticks(w.rotator(), 1)
		}
		w.requireSteady()
	})
}

func TestMetricsOfEachRun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 1)
		first := lastMetrics(t, w)
		assert.Equal(t, map[string]any{
			"Steps": 2.0, "Duration": 30.0, "Repairs": 0.0, "FailedChecks": 0.0, "Failures": 0.0,
			"RingSize": 2.0, "DeployingFor": 0.0, "KeyAge": 30.0,
		}, first)
		w.answers[apiURL] = http.StatusInternalServerError
		w.front.Before = func(context.Context, string) error { return errLost }
		_, err := w.send(r, eventOf("tick"))
		require.ErrorContains(t, err, errLost.Error())
		assert.Equal(t, map[string]any{"Steps": 0.0, "Duration": 0.0, "Repairs": 0.0, "FailedChecks": 1.0, "Failures": 1.0}, lastMetrics(t, w))
	})
}

// lastMetrics returns the values that the last run measured.
func lastMetrics(t *testing.T, w *world) map[string]any {
	t.Helper()
	var last map[string]any
	for line := range strings.Lines(w.said.String()) {
		var measured map[string]any
		if json.Unmarshal([]byte(line), &measured) == nil && measured["_aws"] != nil {
			last = measured
		}
	}
	require.Equal(t, "gatehouse-test", last["Stack"])
	delete(last, "_aws")
	delete(last, "Stack")
	return last
}

func TestFailedMetricsFailTheRun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		r.metrics = closed{}
		_, err := w.send(r, eventOf("tick"))
		require.ErrorContains(t, err, "write the metrics")
	})
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestRotateOnRequest(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 9)
		before := w.inUse()
		got, err := w.send(r, eventOf("rotate"))
		require.NoError(t, err)
		assert.True(t, got.Done)
		assert.Equal(t, before, got.Through)
		assert.Equal(t, "30m0s", got.RetryAfter, "when the one before is deleted")
		assert.Equal(t, []string{"add", "publish"}, steps(got))
		assert.Greater(t, w.inUse(), before)

		again, err := w.send(r, eventOf("rotate", `,"through":"`+string(before)+`"`))
		require.NoError(t, err)
		assert.True(t, again.Done)
		assert.Empty(t, again.Steps, "a request that is repeated asks for nothing more")

		_, err = w.send(r, eventOf("rotate", `,"through":"20991231T000000.000Z-00000001"`))
		require.ErrorContains(t, err, "the keyring has no such key")
	})
}

// A run may end before a request is fulfilled; what it answers goes on with it.
func TestRequestsGoOnInAnotherRun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.ticks(w.rotator(), 9)
		old := w.inUse()
		got, err := w.send(w.rotator(), eventOf("revoke"))
		require.NoError(t, err)
		assert.False(t, got.Done)
		assert.Equal(t, []string{"add", "publish"}, steps(got))
		assert.Contains(t, got.Next, "CloudFront is deploying")
		assert.Equal(t, "10s", got.RetryAfter)
		assert.Empty(t, w.gate.flushed)

		runs := 0
		for ; !got.Done; runs++ {
			pause, err := time.ParseDuration(got.RetryAfter)
			require.NoError(t, err)
			time.Sleep(pause)
			sent := time.Now()
			got, err = w.send(w.rotator(), eventOf("revoke", `,"through":"`+string(got.Through)+`"`))
			require.NoError(t, err)
			require.Less(t, runs, 10)
			if got.Done {
				assert.GreaterOrEqual(t, time.Since(sent), testEnvironment.KeyringTTL, "the last flush follows when the keyring has expired in the authorizers")
			}
		}
		assert.Equal(t, append([]string{"prune"}, bothTwice...), steps(got))
		assert.Equal(t, []string{"HTTP", "REST", "HTTP", "REST"}, w.gate.flushed)
		assert.NotContains(t, w.ring().Names(), old)
		w.requireSteady()
	})
}

// An empty keyring has nothing to rotate: the first key that comes will do.
func TestRequestsOfAnEmptyKeyring(t *testing.T) {
	for _, action := range []string{"rotate", "revoke"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := w.rotator()
			w.t = ignoring{t}
			_, err := r.handle(t.Context(), json.RawMessage(lastDelete))
			require.NoError(t, err)
			w.front.DeployTime = 0
			got, err := w.send(r, eventOf(action))
			require.NoError(t, err)
			assert.True(t, got.Done, got.Next)
			_, err = keyring.ParseName(string(got.Through))
			require.NoError(t, err, "can be sent again")
			got, err = w.send(r, eventOf(action, `,"through":"`+string(got.Through)+`"`))
			require.NoError(t, err)
			assert.True(t, got.Done)
			assert.Equal(t, 1, w.ring().Len())
		})
	}
}

// ignoring is for worlds that are broken already.
type ignoring struct{ testing.TB }

func (ignoring) Errorf(string, ...any) {}
func (ignoring) FailNow()              {}

func TestRepairsAHeaderThatIsNoKey(t *testing.T) {
	for name, broken := range map[string]string{
		"a foreign value": configWith("foreign-value"),
		"no header":       `<DistributionConfig><Origins><Quantity>2</Quantity><Items><Origin><Id>api</Id></Origin><Origin><Id>stream</Id></Origin></Items></Origins></DistributionConfig>`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r := w.rotator()
				w.ticks(r, 9)
				good := w.inUse()
				w.t = ignoring{t}
				w.front.Set(broken)
				// Even when the API does not accept anything: it can't get worse.
				w.answers[apiURL] = http.StatusForbidden
				got, err := w.send(r, eventOf("tick"))
				require.NoError(t, err)
				assert.Equal(t, []string{"publish"}, steps(got))
				assert.Equal(t, good, w.inUse())
				measured := lastMetrics(t, w)
				assert.Equal(t, 1.0, measured["Repairs"])
				assert.Equal(t, 1.0, measured["FailedChecks"])
				assert.NotContains(t, w.said.String(), "foreign-value")
				w.requireSilence()
			})
		})
	}
}

func TestAnUnacceptedKeyIsNotPublished(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusBadGateway, http.StatusFound, http.StatusTooManyRequests} {
		inWorld(t, func(t *testing.T, w *world) {
			r := w.rotator()
			first := w.inUse()
			w.answers[apiURL] = status
			got, err := w.send(r, eventOf("tick"))
			require.NoError(t, err, "it has its own alarm")
			assert.Equal(t, []string{"add"}, steps(got))
			assert.Equal(t, first, w.inUse(), "status %d", status)
			assert.Contains(t, got.Next, "not accepted by the HTTP API")
			assert.Equal(t, "10s", got.RetryAfter)
			assert.NotZero(t, lastMetrics(t, w)["FailedChecks"])
			assert.Contains(t, w.said.String(), "check failed")
			assert.Contains(t, w.said.String(), fmt.Sprint("status ", status))

			delete(w.answers, apiURL)
			w.ticks(r, 9)
			w.requireSteady("it goes on by itself")
		})
	}
}

// No key is presented before it is settled, and none after it was deleted as long
// as anything may remember it.
func TestChecksPoisonNoCache(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		created := map[string]time.Time{}
		deleted := map[string]time.Time{}
		w.hook = func(_ context.Context, _ int, operation string, after bool) error {
			ring := map[string]bool{}
			for _, key := range w.ring().Keys() {
				ring[key.Value.Reveal()] = true
				created[key.Value.Reveal()] = key.Created
			}
			for value := range created {
				if _, gone := deleted[value]; !gone && !ring[value] {
					deleted[value] = time.Now()
				}
			}
			if after && operation == "GET "+apiURL {
				value := w.probes[len(w.probes)-1].value
				if made, ours := created[value]; ours {
					assert.GreaterOrEqual(t, time.Since(made), testEnvironment.Times.Settle)
				}
				if gone, ours := deleted[value]; ours {
					assert.GreaterOrEqual(t, time.Since(gone), testEnvironment.CacheTime)
				}
			}
			return nil
		}
		w.ticks(r, 12)
		checkedAfterDeletion := 0
		for _, k := range w.probes {
			if _, ours := deleted[k.value]; ours {
				checkedAfterDeletion++
			}
		}
		assert.Equal(t, 2, checkedAfterDeletion, "once at each API")
		assert.NotContains(t, w.said.String(), "check failed")
	})
}

func TestOlderKeysStayWhenNothingGetsThrough(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.answers[viewersURL] = http.StatusBadGateway
		w.ticks(r, 12)
		assert.Equal(t, 2, w.ring().Len())
		assert.NotZero(t, lastMetrics(t, w)["FailedChecks"])
		assert.Contains(t, w.said.String(), "no request gets through CloudFront to the HTTP API and the streaming REST API")

		got, err := w.send(r, eventOf("revoke"))
		require.NoError(t, err)
		for !got.Done { // a revocation does not wait for it
			time.Sleep(10 * time.Second)
			got, err = w.send(r, eventOf("revoke", `,"through":"`+string(got.Through)+`"`))
			require.NoError(t, err)
		}
		w.requireSteady()
	})
}

func TestAnOpenAPIIsNoticed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 8)
		w.answers[apiURL] = http.StatusBadRequest
		require.Len(t, r.pruned, 1)
		w.ticks(r, 1)
		assert.Equal(t, 2.0, lastMetrics(t, w)["FailedChecks"])
		assert.Contains(t, w.said.String(), "the API is open")
		assert.Contains(t, w.said.String(), "a made-up key is rejected")
		assert.Contains(t, w.said.String(), "deleted key ")
		delete(w.answers, apiURL)
		w.ticks(r, 1)
		assert.Equal(t, 0.0, lastMetrics(t, w)["FailedChecks"])
		assert.Empty(t, r.pruned)
	})
}

func TestChecksAreSkippedWithoutURLs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		event := json.RawMessage(`{"action":"tick","distributionId":"EDFDVBD6EXAMPLE","originId":"api","apiId":"abcdef1234","apiStage":"$default","streamApiId":"fedcba4321","streamApiStage":"live","streamOriginId":"stream"}`)
		r := w.rotator()
		for range 9 {
			_, err := w.send(r, event)
			require.NoError(t, err)
			time.Sleep(tick)
		}
		w.requireSteady()
		assert.Empty(t, w.probes)
		assert.Contains(t, w.said.String(), "no direct checks")
		assert.Contains(t, w.said.String(), "no check through CloudFront")
	})
}

func TestStatus(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		w.ticks(r, 1)
		requests := len(w.front.Requests())
		result, err := r.handle(t.Context(), eventOf("status"))
		require.NoError(t, err)
		got := result.(rotatorapi.Status)
		require.Len(t, got.Keys, 2)
		assert.False(t, got.Keys[0].InUse)
		assert.Equal(t, "5m0s", got.Keys[0].Age)
		assert.True(t, got.Keys[1].InUse)
		assert.Equal(t, "a key of the keyring", got.Header)
		assert.True(t, got.Deployed)
		assert.Equal(t, "4m30s", got.ModifiedAgo)
		assert.Equal(t, "nothing", got.Next.Action)
		assert.Equal(t, "25m30s", got.Next.RetryAfter)
		assert.Len(t, w.front.Requests(), requests+1, "it reads and changes nothing")

		w.t = ignoring{t}
		for header, broken := range map[string]string{"a value that is in no key of the keyring": configWith("foreign"), "nothing": configWith("")} {
			w.front.Set(broken)
			result, err = r.handle(t.Context(), eventOf("status"))
			require.NoError(t, err)
			assert.Equal(t, header, result.(rotatorapi.Status).Header)
			assert.Equal(t, "publish", result.(rotatorapi.Status).Next.Action)
		}
		w.front.Set(configWith(w.ring().Keys()[1].Value.Reveal()))
		w.t = t
		w.front.Before = func(context.Context, string) error { return errLost }
		_, err = r.handle(t.Context(), eventOf("status"))
		require.ErrorContains(t, err, errLost.Error())
	})
}

func TestObservesAgainAfterAConflict(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.hook = func(_ context.Context, _ int, operation string, after bool) error {
			if operation == "UpdateDistribution" && !after && w.front.ETag() == "E2" {
				w.front.Set(w.front.Config())
			}
			return nil
		}
		got, err := w.send(w.rotator(), eventOf("tick"))
		require.NoError(t, err)
		assert.Equal(t, []string{"add", "publish"}, steps(got))
		assert.Equal(t, "E4", w.front.ETag())
		assert.Contains(t, w.said.String(), "distribution changed since it was read")
	})
	inWorld(t, func(t *testing.T, w *world) {
		w.hook = func(_ context.Context, _ int, operation string, after bool) error {
			if operation == "UpdateDistribution" && !after {
				w.front.Set(w.front.Config())
			}
			return nil
		}
		_, err := w.send(w.rotator(), eventOf("tick"))
		require.ErrorContains(t, err, "12 steps in one run and no end: next would be to publish")
	})
}

// A listing that is behind must lead neither to a second key nor to an error.
func TestListingsMayBeBehind(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.rotator()
		r.store = ssmstore.New(&slowList{Fake: w.store}, testPath, testKMS)
		_, err := w.send(r, eventOf("tick"))
		require.NoError(t, err)
		assert.Equal(t, 2, w.ring().Len())
		w.ticks(r, 8)
		w.requireSteady()
		assert.Contains(t, w.said.String(), "still lists what was deleted")
		assert.NotContains(t, w.said.String(), `"level":"ERROR"`)
	})
}

// TestOverlap lets two rotators run at once, each of whose calls takes its time.
func TestOverlap(t *testing.T) {
	conflicts := 0
	for seed := range uint64(60) {
		inWorld(t, func(t *testing.T, w *world) {
			random := rand.New(rand.NewPCG(seed, 0))
			var mu sync.Mutex
			w.hook = func(ctx context.Context, _ int, _ string, _ bool) error {
				mu.Lock()
				pause := time.Duration(random.Int64N(int64(15 * time.Second)))
				mu.Unlock()
				return sleep(ctx, pause)
			}
			var both sync.WaitGroup
			actions := []string{"tick", "tick", "rotate", "tick"}
			for range 2 {
				both.Go(func() {
					r := w.rotator()
					for i := range 4 {
						_, _ = w.send(r, eventOf(actions[i]))
						mu.Lock()
						pause := time.Duration(random.Int64N(int64(2 * tick)))
						mu.Unlock()
						time.Sleep(pause)
					}
				})
			}
			both.Wait()
			w.hook = nil
			w.ticks(w.rotator(), 20)
			w.requireSteady("seed %d", seed)
			conflicts += strings.Count(w.said.String(), "distribution changed since it was read")
		})
	}
	assert.NotZero(t, conflicts, "the rotators never met")
}

// TestEveryCallFailingOnce lets each call of a life fail once, before it took
// effect and after, and looks whether ticks alone get over it.
func TestEveryCallFailingOnce(t *testing.T) {
	life := func(w *world) {
		r := w.rotator()
		w.ticks(r, 1)
		_, _ = w.send(r, eventOf("rotate"))
		w.ticks(r, 2)
		_, _ = w.send(r, eventOf("revoke"))
		w.ticks(w.rotator(), 9)
	}
	calls, began := 0, 0
	inWorld(t, func(t *testing.T, w *world) {
		began = w.calls
		life(w)
		w.requireSteady()
		calls = w.calls
	})
	require.Greater(t, calls, 60)
	t.Logf("%d calls", calls-began)
	for call := began + 1; call <= calls; call++ {
		for _, after := range []bool{false, true} {
			inWorld(t, func(t *testing.T, w *world) {
				failed := false
				w.hook = func(_ context.Context, n int, _ string, done bool) error {
					if n != call || done != after {
						return nil
					}
					failed = true
					return errLost
				}
				life(w)
				w.ticks(w.rotator(), 9)
				w.requireSteady("call %d, after: %v", call, after)
				require.True(t, failed)
			})
		}
	}
}

// TestACrashAtEveryCall ends a run at each call, as when Lambda kills it, and goes
// on with a cold rotator.
func TestACrashAtEveryCall(t *testing.T) {
	for call := 1; ; call++ {
		reached := false
		inWorld(t, func(t *testing.T, w *world) {
			began := w.calls
			ctx, crash := context.WithCancel(t.Context())
			w.hook = func(context.Context, int, string, bool) error {
				if w.calls == began+call {
					reached = true
					crash()
				}
				return ctx.Err()
			}
			_, _ = w.rotator().handle(ctx, eventOf("tick"))
			w.hook = nil
			crash()
			w.ticks(w.rotator(), 10)
			w.requireSteady("call %d", call)
		})
		if !reached {
			assert.Greater(t, call, 5)
			return
		}
	}
}

func TestEndsInTime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		result, err := w.rotator().handle(ctx, eventOf("tick"))
		require.NoError(t, err)
		assert.Equal(t, []string{"add"}, steps(result.(rotatorapi.Result)), "settling, looking and its last words would take longer")
		assert.Contains(t, result.(rotatorapi.Result).Next, "not settled")
	})
}

func TestCreateWaitsForIAM(t *testing.T) {
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: ssm:GetParametersByPath"}
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(0)
		s.now = time.Now
		s.store.Now = time.Now
		known := time.Now().Add(12 * time.Second)
		s.store.Before = func(context.Context, string) error {
			if time.Now().Before(known) {
				return denied
			}
			return nil
		}
		got := s.invoke(t, firstCreate)
		s.requireInRing(t, got)
		assert.True(t, keyring.Name(got.Name).IsFirst())

		s.store.Before = func(context.Context, string) error { return denied }
		began := time.Now()
		_, err := s.handle(t.Context(), json.RawMessage(firstCreate))
		require.ErrorIs(t, err, denied)
		assert.LessOrEqual(t, time.Since(began), deniedTimeout)
		assert.Greater(t, time.Since(began), deniedTimeout/2)

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err = s.handle(ctx, json.RawMessage(firstCreate))
		require.ErrorIs(t, err, denied)
	})
}

func TestEventsNameTheirTarget(t *testing.T) {
	for event, wants := range map[string][]string{
		`{"action":"tick"}`: {"distributionId is missing", "originId is missing", "apiId is missing", "apiStage is missing"},
		`{"action":"rotate","distributionId":"E1","originId":"api","apiId":"a","apiStage":"$default","apiUrl":"http://example.com","distributionUrl":"https://example.com/"}`: {`apiUrl is "http://example.com"`, `distributionUrl is "https://example.com/"`},
		string(eventOf("tick", `,"through":"20260131T235959.123Z-0a1b2c3d"`)):                                                                                                 {"through is for rotate and revoke only"},
		string(eventOf("status", `,"through":"20260131T235959.123Z-0a1b2c3d"`)):                                                                                               {"through is for rotate and revoke only"},
		string(eventOf("revoke", `,"through":"yesterday"`)):                                                                                                                   {`origin key name "yesterday"`},
		string(eventOfOneAPI("tick", `,"streamApiUrl":"https://example.com/live/"`)): {
			"streamApiId is missing", "streamApiStage is missing", "streamOriginId is missing", `streamApiUrl is "https://example.com/live/"`,
		},
	} {
		_, err := parseEvent([]byte(event))
		for _, want := range wants {
			require.ErrorContains(t, err, want, event)
		}
	}
	e, err := parseEvent(eventOf("revoke", `,"through":"20260131T235959.123Z-0a1b2c3d"`))
	require.NoError(t, err)
	assert.Equal(t, rotatorapi.Event{
		Action: "revoke", DistributionID: "EDFDVBD6EXAMPLE", DistributionURL: viewersURL, OriginID: "api",
		APIID: "abcdef1234", APIURL: apiURL, APIStage: "$default", Through: "20260131T235959.123Z-0a1b2c3d",
		StreamAPIID: "fedcba4321", StreamAPIURL: restURL + "/live", StreamAPIStage: "live", StreamOriginID: "stream",
	}, e)
}

func TestBaseURLs(t *testing.T) {
	for _, good := range []string{"https://example.com", "https://example.com/stage", "http://127.0.0.1:4567", "http://[::1]:80", "https://a.b:8443"} {
		assert.True(t, isBaseURL(good), good)
	}
	for _, bad := range []string{"http://example.com", "https://", "example.com", "ftp://127.0.0.1", "https://u:p@example.com", "https://example.com/", "https://example.com?x", "https://example.com#x", "http://127.0.0.1.example.com", "https://a b", "%"} {
		assert.False(t, isBaseURL(bad), bad)
	}
}

// FuzzEvent looks for events that are taken for what they are not.
func FuzzEvent(f *testing.F) {
	for action := range actions {
		f.Add([]byte(eventOf(string(action))))
	}
	f.Add([]byte(firstCreate))
	f.Add([]byte(`{"action":"create","tf":{"action":"delete","prev_input":{"action":"create"}}}`))
	f.Add([]byte(`{"action":"revoke","through":"20260131T235959.123Z-0a1b2c3d","ACTION":"tick"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := parseEvent(payload)
		if err != nil {
			require.Equal(t, rotatorapi.Event{}, e)
			return
		}
		a, ok := actions[e.Action]
		require.True(t, ok)
		require.True(t, json.Valid(payload))
		if a.needsTarget {
			require.NotContains(t, []string{e.DistributionID, e.OriginID, e.APIID, e.APIStage}, "")
			require.Nil(t, e.Lifecycle)
		}
		if e.Through != "" {
			_, err := keyring.ParseName(string(e.Through))
			require.NoError(t, err)
		}
		if e.StreamAPIURL != "" {
			require.NotContains(t, []string{e.StreamAPIID, e.StreamAPIStage, e.StreamOriginID}, "")
		}
		for _, url := range []string{e.APIURL, e.DistributionURL, e.StreamAPIURL} {
			require.True(t, url == "" || isBaseURL(url))
		}
	})
}
