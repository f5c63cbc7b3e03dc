package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/keystoretest"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

var testEnvironment = lambdaenv.Rotator{
	Stack:     "gatehouse-test",
	KeyPath:   testPath,
	KMSKeyARN: testKMS,
	Header:    testHeader,
	APIPrefix: "/api",
	Times: keyring.Times{
		Interval: 6 * time.Hour,
		Settle:   30 * time.Second,
		Grace:    30 * time.Minute,
		Drain:    time.Minute,
	},
	KeyringTTL: time.Minute,
	CacheTime:  6 * time.Minute,
}

const (
	testHeader = "x-origin-verify"
	testPath   = "/gatehouse/test/origin-key"
	testKMS    = "arn:aws:kms:us-east-1:123456789012:key/1234"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func testKey(n byte) keyring.Key {
	made := noon.Add(time.Duration(n) * time.Minute)
	return keyring.Key{Name: keyring.NewName(made, [keyring.NonceSize]byte{n}), Value: keyring.NewValue([keyring.ValueSize]byte{n}), Created: made}
}

type setup struct {
	*rotator
	store *keystoretest.Fake
	logs  *bytes.Buffer
}

// newSetup returns a rotator before a Parameter Store with that many keys.
func newSetup(keys byte) setup {
	now := func() time.Time { return noon }
	s := setup{store: &keystoretest.Fake{Now: now, PageSize: 3}, logs: &bytes.Buffer{}}
	for n := range keys {
		s.store.SetKey(testPath, testKey(n))
	}
	s.rotator = &rotator{
		store:  ssmstore.New(s.store, testPath, testKMS),
		random: rand.Reader,
		now:    now,
		log:    slog.New(slog.NewJSONHandler(s.logs, nil)),
	}
	return s
}

// firstAnswer is what the invoker sees of create and delete.
type firstAnswer struct {
	Name    string `json:"name"`
	Deleted *int   `json:"deleted"`
}

func (s setup) invoke(t *testing.T, event string) firstAnswer {
	t.Helper()
	result, err := s.handle(t.Context(), json.RawMessage(event))
	require.NoError(t, err)
	text, err := json.Marshal(result)
	require.NoError(t, err)
	var got firstAnswer
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // no value leaves
	require.NoError(t, decoder.Decode(&got))
	return got
}

// requireInRing fails unless the keyring has the key of the answer.
func (s setup) requireInRing(t *testing.T, got firstAnswer) {
	t.Helper()
	found, err := s.rotator.store.Read(t.Context())
	require.NoError(t, err)
	require.Contains(t, found.Keyring.Names(), keyring.Name(got.Name))
}

// What the resource that stands for the first key sends when it is made and destroyed.
const (
	firstCreate = `{"action":"create","tf":{"action":"create","prev_input":null}}`
	lastDelete  = `{"action":"create","tf":{"action":"delete","prev_input":{"action":"create"}}}`
)

func TestCreateMakesTheFirstKeyOnce(t *testing.T) {
	s := newSetup(0)
	first := s.invoke(t, firstCreate)
	s.requireInRing(t, first)
	assert.True(t, strings.HasPrefix(first.Name, "20260131T120000.000Z-"), first.Name)
	assert.Equal(t, testKMS, s.store.KeyID(testPath+"/"+first.Name))

	for _, again := range []string{
		firstCreate,
		`{"action":"create","tf":{"action":"update","prev_input":{"action":"create"}}}`,
	} {
		assert.Equal(t, first, s.invoke(t, again), again)
	}
	assert.Len(t, s.store.Names(), 1)
}

func TestCreateNamesTheNewestOfManyKeys(t *testing.T) {
	s := newSetup(5)
	got := s.invoke(t, firstCreate)
	assert.Equal(t, string(testKey(4).Name), got.Name)
	assert.Len(t, s.store.Names(), 5)
}

func TestCreateSkipsWhatIsNoKeyAndWarns(t *testing.T) {
	s := newSetup(0)
	s.store.Set(testPath+"/note", "something", noon)
	s.requireInRing(t, s.invoke(t, firstCreate))
	assert.Contains(t, s.logs.String(), testPath+"/note")
}

// Overlapping creates may make a key each; what each returns is in the keyring.
func TestCreateOverlaps(t *testing.T) {
	const invocations = 20
	s := newSetup(0)
	var wg sync.WaitGroup
	answers := make([]firstAnswer, invocations)
	for i := range answers {
		wg.Go(func() { answers[i] = s.invoke(t, firstCreate) })
	}
	wg.Wait()
	for _, got := range answers {
		s.requireInRing(t, got)
	}
}

// The same random bytes in the same millisecond give the same name: the second key
// is not stored, and the answer must not claim that it was.
func TestCreateAnswersWithWhatIsStored(t *testing.T) {
	s := newSetup(0)
	mine := bytes.Repeat([]byte{7}, keyring.NonceSize+keyring.ValueSize)
	s.random = bytes.NewReader(mine)
	s.store.Before = func(_ context.Context, operation string) error {
		if operation == "PutParameter" {
			s.store.SetKey(testPath, keyring.Key{
				Name:    keyring.NewFirstName(noon),
				Value:   keyring.NewValue([keyring.ValueSize]byte{1}),
				Created: noon,
			})
		}
		return nil
	}
	s.requireInRing(t, s.invoke(t, firstCreate))
	assert.Len(t, s.store.Names(), 1)
}

func TestCreateSaysWhenTheTakenNameIsNotListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(0)
		s.random = bytes.NewReader(make([]byte, keyring.NonceSize+keyring.ValueSize))
		malformed := testPath + "/" + string(keyring.NewName(noon, [keyring.NonceSize]byte{}))
		s.store.Set(malformed, "not-a-value", noon)
		_, err := s.handle(t.Context(), json.RawMessage(firstCreate))
		require.ErrorContains(t, err, "run `pulumi up` again")
	})
}

// If any reply is lost, invoking again ends with one key.
func TestCreateAfterALostReply(t *testing.T) {
	for _, operation := range []string{"GetParametersByPath", "PutParameter"} {
		s := newSetup(0)
		lost := errors.New("connection reset")
		s.store.After = func(_ context.Context, called string) error {
			if called == operation {
				return lost
			}
			return nil
		}
		_, err := s.handle(t.Context(), json.RawMessage(firstCreate))
		require.ErrorIs(t, err, lost)
		s.store.After = nil
		s.requireInRing(t, s.invoke(t, firstCreate))
		assert.Len(t, s.store.Names(), 1, operation)
	}
}

func TestCreateNeedsRandomBytes(t *testing.T) {
	s := newSetup(0)
	s.random = bytes.NewReader(make([]byte, keyring.NonceSize+keyring.ValueSize-1))
	_, err := s.handle(t.Context(), json.RawMessage(firstCreate))
	require.ErrorContains(t, err, "random bytes")
	assert.Empty(t, s.store.Names(), "no key of fewer bytes")
}

func TestDeleteEmptiesTheKeyring(t *testing.T) {
	s := newSetup(25)
	s.store.Set(testPath+"/note", "something", noon)
	s.store.Set(testPath+"/"+string(testKey(99).Name), "not-a-value", noon)
	assert.Equal(t, 26, *s.invoke(t, lastDelete).Deleted)
	assert.Equal(t, []string{testPath + "/note"}, s.store.Names(), "only keys are deleted")
	assert.Equal(t, 0, *s.invoke(t, lastDelete).Deleted)
}

// The right to run a rotation by hand is not one to read a key, or to end the API.
func TestOnlyTheResourceMakesAndDeletesKeys(t *testing.T) {
	for _, event := range []string{`{"action":"create"}`, `{"action":"create","tf":null}`, `{"action":"delete"}`, string(eventOf("delete"))} {
		s := newSetup(2)
		result, err := s.handle(t.Context(), json.RawMessage(event))
		require.ErrorContains(t, err, "without tf", event)
		require.ErrorContains(t, err, "want one of revoke, rotate, status, tick", event)
		assert.Nil(t, result)
		assert.Len(t, s.store.Names(), 2)
		assert.Zero(t, s.store.Calls("GetParametersByPath"), "it is not even read")
	}
}

func TestFailuresAreErrors(t *testing.T) {
	for operation, event := range map[string]string{
		"GetParametersByPath": firstCreate,
		"PutParameter":        firstCreate,
		"DeleteParameters":    lastDelete,
	} {
		s := newSetup(0)
		if event == lastDelete {
			s.store.SetKey(testPath, testKey(1))
		}
		denied := errors.New("AccessDeniedException")
		s.store.Before = func(_ context.Context, called string) error {
			if called == operation {
				return denied
			}
			return nil
		}
		result, err := s.handle(t.Context(), json.RawMessage(event))
		require.ErrorIs(t, err, denied)
		assert.Nil(t, result)
		assert.Contains(t, s.logs.String(), "AccessDeniedException")
	}
	s := newSetup(1)
	s.store.Before = func(context.Context, string) error { return errors.New("no list") }
	_, err := s.handle(t.Context(), json.RawMessage(lastDelete))
	require.ErrorContains(t, err, "no list")
}

func TestOtherEventsAreErrorsThatNameTheActions(t *testing.T) {
	for event, want := range map[string]string{
		`{}`:                                 `action "": want one of revoke, rotate, status, tick`,
		`null`:                               `action "": want one of revoke, rotate, status, tick`,
		`{"action":"renew"}`:                 `action "renew": want one of revoke, rotate, status, tick`,
		`{"action":"CREATE"}`:                `revoke, rotate, status, tick`,
		`{"action":7}`:                       `revoke, rotate, status, tick`,
		`{"action":"create","force":true}`:   `unknown field "force"`,
		`{"action":"create"} {}`:             `more than one JSON value`,
		`["create"]`:                         `revoke, rotate, status, tick`,
		``:                                   `revoke, rotate, status, tick`,
		`{"action":"create","tf":{}}`:        `tf.action "": want create, update or delete`,
		`{"action":"create","tf":{"a":"b"}}`: `unknown field`,
		`{"action":"delete","tf":{"action":"create"}}`: `want create, which also deletes`,
	} {
		s := newSetup(1)
		result, err := s.handle(t.Context(), json.RawMessage(event))
		require.ErrorContains(t, err, want, event)
		assert.Nil(t, result)
		assert.Len(t, s.store.Names(), 1, "nothing happened")
	}
}

// TestNoValueLeaks looks for a value in all that the rotator says, except its one
// answer.
func TestNoValueLeaks(t *testing.T) {
	s := newSetup(0)
	said := &strings.Builder{}
	secrets := map[string]bool{}
	quoteValue := func(context.Context, string) error {
		for secret := range secrets {
			return fmt.Errorf("ValidationException: %s is not acceptable", secret)
		}
		return nil
	}
	seed := byte(0)
	try := func(event string) {
		seed++
		drawn := bytes.Repeat([]byte{seed}, keyring.NonceSize+keyring.ValueSize)
		s.random = bytes.NewReader(drawn)
		secrets = map[string]bool{keyring.NewValue([keyring.ValueSize]byte(drawn[keyring.NonceSize:])).Reveal(): true}
		result, err := s.handle(t.Context(), json.RawMessage(event))
		s.log.Info("a careless line", "result", result)
		_, _ = fmt.Fprintf(said, "%v %+v %#v %s %v %+v %#v\n", result, result, result, result, err, err, err)
		_, _ = said.Write(s.logs.Bytes())
		for secret := range secrets {
			assert.NotContains(t, said.String(), secret)
		}
	}
	s.store.Before = func(ctx context.Context, operation string) error {
		if operation == "PutParameter" {
			return quoteValue(ctx, operation)
		}
		return nil
	}
	try(firstCreate)
	assert.Contains(t, said.String(), "[redacted] is not acceptable", "the test must reach it")
	s.store.Before = nil
	try(firstCreate)
	assert.Contains(t, said.String(), "added a key to the empty keyring")
	try(firstCreate)
	try(lastDelete)
	assert.Contains(t, said.String(), "emptied the keyring")
}
