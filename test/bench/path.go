package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/fixture"
)

const (
	pathName   = "gatehouse-bench"
	pathPolicy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParametersByPath"], "Resource": "*"}]}`

	// pathTTL is longer than a measurement: a decision that is cached stays so.
	pathTTL = time.Hour

	pathRequests    = 1200 // for each variant, one after another
	pathConnections = 4    // for the rates
	pathRounds      = 24
	pathRoundTime   = 700 * time.Millisecond // of each variant in each round
	pathTimeout     = 20 * time.Second
)

// Front has what the measured distribution has in common with that of the running stack.
type Front struct {
	Cloud          awsserver.Cloud
	DistributionID string
	APIPrefix      string // of the paths that the distribution sends to the API
	Header         string // that carries the origin key
}

// variant is a route to the same function.
type variant struct {
	name  string
	url   string
	host  string
	times []float64 // ms
	rates []float64 // requests/s
}

// Path measures requests through CloudFront, API and Lambda, by how they are
// authorized.
func Path(ctx context.Context, front Front, programs Programs, doing func(string)) (rows []Row, err error) {
	maker := fixture.New(awsclient.Config(front.Cloud.Endpoint()), pathName)
	defer func() { err = errors.Join(err, maker.Remove(ctx)) }()
	doing("deploying")
	variants, err := deployVariants(ctx, front, programs, maker)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: pathConnections}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: pathTimeout}
	for _, v := range variants { // execution environments start, and a decision is cached
		if _, err := v.load(ctx, client, pathRoundTime); err != nil {
			return nil, err
		}
	}
	if err := takeTurns(ctx, client, variants, doing); err != nil {
		return nil, err
	}
	for round := range pathRounds {
		doing(fmt.Sprintf("rates, round %d of %d", round+1, pathRounds))
		for _, at := range rand.Perm(len(variants)) {
			rate, err := variants[at].load(ctx, client, pathRoundTime)
			if err != nil {
				return nil, err
			}
			variants[at].rates = append(variants[at].rates, rate)
		}
	}
	return pathRows(variants[0], variants[1], variants[2], variants[3]), nil
}

// takeTurns sends one request of each variant after another, in another order each
// time.
func takeTurns(ctx context.Context, client *http.Client, variants []*variant, doing func(string)) error {
	for n := range pathRequests {
		if n%100 == 0 {
			doing(fmt.Sprintf("request %d of %d", n, pathRequests))
		}
		for _, at := range rand.Perm(len(variants)) {
			began := time.Now()
			if err := variants[at].send(ctx, client); err != nil {
				return err
			}
			variants[at].times = append(variants[at].times, milliseconds(time.Since(began)))
		}
	}
	return nil
}

func pathRows(none, cached, uncached, python *variant) []Row {
	var rows []Row
	for _, pair := range []struct {
		ours, beside *variant
		slower       *Goal
		fewer        *Goal
	}{
		{cached, none, atMostTimes(1.05), atLeastTimes(0.95)},
		{uncached, none, nil, nil},
		{uncached, python, nil, nil},
	} {
		for _, share := range []struct {
			name string
			of   float64
		}{{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}} {
			goal := pair.slower
			if share.name != "p50" {
				goal = nil // on one machine, the tail is what else the machine does
			}
			rows = append(rows, Row{
				Figure: pair.ours.name + ", " + share.name, Unit: "ms", Ours: quantile(pair.ours.times, share.of),
				Beside: pair.beside.name, Theirs: quantile(pair.beside.times, share.of), Goal: goal,
			})
		}
		rows = append(rows, Row{
			Figure: pair.ours.name + fmt.Sprintf(", %d connections", pathConnections), Unit: "/s", Ours: median(pair.ours.rates),
			Beside: pair.beside.name, Theirs: median(pair.beside.rates), Goal: pair.fewer,
		})
	}
	return rows
}

// load sends requests from several connections and returns how many were answered in
// a second.
func (v *variant) load(ctx context.Context, client *http.Client, lasting time.Duration) (rate float64, err error) {
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	var counts [pathConnections]int
	for i := range counts {
		group.Go(func() error {
			for time.Since(began) < lasting {
				if err := v.send(ctx, client); err != nil {
					return err
				}
				counts[i]++
			}
			return nil
		})
	}
	err = group.Wait()
	sum := 0
	for _, count := range counts {
		sum += count
	}
	return float64(sum) / time.Since(began).Seconds(), err
}

func (v *variant) send(ctx context.Context, client *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url, strings.NewReader(`{}`))
	if err != nil {
		return err
	}
	request.Host = v.host
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(content), "hello") {
		return fmt.Errorf("%s: answered %s: %.200q", v.name, response.Status, content)
	}
	return nil
}

// deployVariants makes an API whose routes differ by their authorizers alone, and a
// distribution before it. They are, in this order: none, ours cached and not, Python.
func deployVariants(ctx context.Context, front Front, programs Programs, maker *fixture.Maker) ([]*variant, error) {
	value, err := randomValue()
	if err != nil {
		return nil, err
	}
	if err := maker.Parameter(ctx, keyName, value); err != nil {
		return nil, err
	}
	functions, err := programs.deploy(ctx, front, maker)
	if err != nil {
		return nil, err
	}
	var variants []*variant
	var routes []fixture.Route
	for _, one := range []struct {
		name, path, authorizer string
		ttl                    time.Duration
	}{
		{"no authorizer", "none", "", 0},
		{"ours, cached", "cached", functions.ours, pathTTL},
		{"ours, called each time", "uncached", functions.ours, 0},
		{"Python, called each time", "python", functions.python, 0},
	} {
		path := front.APIPrefix + "/bench/" + one.path
		route := fixture.Route{Key: "POST " + path, Target: functions.hello}
		if one.authorizer != "" {
			route.Authorizer = &fixture.Authorizer{
				Name: one.path, Function: one.authorizer, IdentitySource: "$request.header." + front.Header, TTL: one.ttl,
			}
		}
		routes = append(routes, route)
		variants = append(variants, &variant{name: one.name, url: awsserver.URL(front.Cloud.Ports.Distribution) + path})
	}
	origin, err := maker.API(ctx, routes...)
	if err != nil {
		return nil, err
	}
	_, domain, err := maker.Distribution(ctx, front.DistributionID, origin, value)
	for _, v := range variants {
		v.host = domain
	}
	return variants, err
}

// deployed has the ARNs of functions.
type deployed struct{ ours, python, hello string }

func (p Programs) deploy(ctx context.Context, front Front, maker *fixture.Maker) (d deployed, err error) {
	role, err := maker.Role(ctx, pathPolicy)
	if err != nil {
		return d, err
	}
	ours, oursErr := fixture.Program(p.Authorizer)
	hello, helloErr := fixture.Program(p.Hello)
	code, codeErr := os.ReadFile(filepath.Join(p.PythonCode, "authorizer.py"))
	if err := errors.Join(oursErr, helloErr, codeErr); err != nil {
		return d, err
	}
	python := fixture.Script(`PYTHONPATH="$(dirname "$0")" exec "$PYTHON" -m awslambdaric authorizer.handler`, map[string][]byte{"authorizer.py": code})
	for _, one := range []struct {
		into        *string
		name        string
		files       map[string][]byte
		environment map[string]string
	}{
		{&d.ours, "ours", ours, authorizerEnvironment(front.Header)},
		{&d.hello, "hello", hello, nil},
		{&d.python, "python", python, map[string]string{"PYTHON": p.Python, "PARAMETER": keyName, "HEADER": front.Header}},
	} {
		_, *one.into, err = maker.Function(ctx, fixture.Function{Name: one.name, Role: role, Files: one.files, Environment: one.environment})
		if err != nil {
			return d, fmt.Errorf("the function %s: %w", one.name, err)
		}
	}
	return d, nil
}
