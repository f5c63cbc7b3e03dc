package bench

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gatehouse-iac/gatehouse/test/bench/runtimeapi"
)

const (
	keyPath   = "/gatehouse/bench/origin-key"
	keyName   = keyPath + "/20260131T235959.123Z-0a1b2c3d"
	keyHeader = "x-origin-verify"

	// coldStarts is the number of starts of each function. They are started in turns, so
	// that other load of the machine affects all of them alike.
	coldStarts = 41

	// warmEvents is the number of events for each function in each of warmTurns.
	warmEvents = 300
	warmTurns  = 15
)

// subject is a measured function.
type subject struct {
	name string
	args []string // its program
	code string   // the file or folder that is deployed
	env  []string

	init, first, peak []float64
	warm              []float64
	zip               float64
	calls             int64 // of Parameter Store until the first decision
}

// Authorizer measures the authorizer beside the smallest function in Go, and beside an
// authorizer in Python.
func Authorizer(ctx context.Context, programs Programs, doing func(string)) ([]Row, error) {
	value, err := randomValue()
	if err != nil {
		return nil, err
	}
	store, err := startParameterStore(keyName, value)
	if err != nil {
		return nil, err
	}
	defer store.close()
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "type": "REQUEST", "identitySource": []string{value},
		"headers":        map[string]string{keyHeader: value, "user-agent": "bench", "accept": "*/*", "content-type": "application/json"},
		"requestContext": map[string]string{"requestId": "bench"},
	})
	if err != nil {
		return nil, err
	}
	ours, hello, python := programs.subjects(store.url)
	all := []*subject{ours, hello, python}
	for turn := range coldStarts {
		doing(fmt.Sprintf("start %d of %d", turn+1, coldStarts))
		for _, s := range all {
			if err := s.start(ctx, event, store); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	doing("sending events")
	if err := serve(ctx, event, all...); err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.zip, err = zipSize(s.code); err != nil {
			return nil, err
		}
	}
	return compare(ours, hello, python), nil
}

func compare(ours, hello, python *subject) []Row {
	row := func(figure, unit string, beside *subject, of func(*subject) float64, goal *Goal) Row {
		return Row{Figure: figure, Unit: unit, Ours: of(ours), Beside: beside.name, Theirs: of(beside), Goal: goal}
	}
	init := func(s *subject) float64 { return median(s.init) }
	first := func(s *subject) float64 { return median(s.first) }
	peak := func(s *subject) float64 { return median(s.peak) }
	warm := func(s *subject) float64 { return median(s.warm) }
	rate := func(s *subject) float64 { return 1e6 / median(s.warm) }
	size := func(s *subject) float64 { return s.zip }
	return []Row{
		row("start, until it requests an event", "ms", hello, init, atMostTimes(1.15)),
		row("start", "ms", python, init, nil),
		row("start and first answer", "ms", hello, first, nil),
		row("start and first answer", "ms", python, first, nil),
		{Figure: "calls of Parameter Store until the first answer", Ours: float64(ours.calls), Beside: python.name, Theirs: float64(python.calls), Goal: atMost(1)},
		row("peak memory", "MiB", hello, peak, atMostTimes(1.2)),
		row("peak memory", "MiB", python, peak, nil),
		row("archive", "KiB", hello, size, atMostTimes(1.25)),
		row("event, warm", "µs", hello, warm, atMostTimes(1.02)),
		row("event, warm", "µs", python, warm, nil),
		row("events, one after another", "/s", python, rate, nil),
	}
}

// start measures a start and the first decision.
func (s *subject) start(ctx context.Context, event []byte, store *parameterStore) error {
	before := store.calls.Load()
	began := time.Now()
	f, err := runtimeapi.Start(ctx, s.env, s.args...)
	if err != nil {
		return err
	}
	defer f.Stop()
	if _, err := f.Invoke(ctx, event); err != nil {
		return err
	}
	s.first = append(s.first, milliseconds(time.Since(began)))
	s.init = append(s.init, milliseconds(f.Init))
	s.calls = store.calls.Load() - before
	peak, err := f.PeakMemory()
	s.peak = append(s.peak, float64(peak)/(1<<20))
	return err
}

// serve measures events after the first, in turns.
func serve(ctx context.Context, event []byte, all ...*subject) error {
	running := make([]*runtimeapi.Function, len(all))
	for i, s := range all {
		f, err := runtimeapi.Start(ctx, s.env, s.args...)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer f.Stop()
		running[i] = f
	}
	for turn := range warmTurns {
		for i, s := range all {
			for n := range warmEvents {
				began := time.Now()
				if _, err := running[i].Invoke(ctx, event); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				// The first ones after a pause are slower, with any function.
				if turn > 0 && n >= warmEvents/10 {
					s.warm = append(s.warm, float64(time.Since(began).Nanoseconds())/1000)
				}
			}
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// randomValue returns a value in the form of an origin key's.
func randomValue() (string, error) {
	random := make([]byte, 32)
	_, err := rand.Read(random)
	return base64.RawURLEncoding.EncodeToString(random), err
}

// zipSize returns the size of the archive of a file or folder, in KiB.
func zipSize(path string) (float64, error) {
	var size counter
	archive := zip.NewWriter(&size)
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		into, err := archive.Create(entry.Name())
		if err != nil {
			return err
		}
		from, err := os.Open(name)
		if err != nil {
			return err
		}
		defer from.Close()
		_, err = io.Copy(into, from)
		return err
	})
	if err == nil {
		err = archive.Close()
	}
	return float64(size) / 1024, err
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
