package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/bridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
)

// TestLifecycle takes a small program through the real engine, the real Terraform provider and the emulated AWS:
// up, no change, a change, refresh, an error, destroy.
func TestLifecycle(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it takes two minutes")
	}
	s := newSetup(t)
	stack := s.stack(t)

	up, err := stack.Up(t.Context(), optup.Refresh())
	require.NoError(t, err)
	assert.Regexp(t, `^function-[0-9a-f]{7}$`, up.Outputs["function"].Value, "a name is made up")
	assert.Regexp(t, `^logs-[0-9a-f]{7}$`, up.Outputs["bucket"].Value, "a bucket's name is in lower case")
	assert.Equal(t, map[string]any{"own": "one", "project": "trial"}, up.Outputs["tags"].Value, "default tags are added")
	assert.True(t, up.Outputs["result"].Secret)
	assert.Equal(t, 1, s.calls(t), "the function is invoked at creation")
	s.assertNoSecret(t)

	s.assertNoChange(t, stack)

	s.generation = "two"
	s.writeFunction(t, "x")
	up, err = stack.Up(t.Context(), optup.Refresh())
	require.NoError(t, err)
	assert.Zero(t, (*up.Summary.ResourceChanges)[string(apitype.OpReplace)], up.StdOut)
	assert.Equal(t, 3, (*up.Summary.ResourceChanges)[string(apitype.OpUpdate)], up.StdOut)
	assert.Equal(t, 1, s.calls(t), "an update does not invoke the function")
	s.assertNoSecret(t)
	s.assertNoChange(t, stack)

	s.broken = true
	_, err = stack.Up(t.Context(), optup.Refresh())
	require.Error(t, err)
	assert.Equal(t, 1, strings.Count(err.Error(), "    error: aws:iam"), "an error is told once: %s", err)
	assert.Contains(t, err.Error(), `aws:iam:RolePolicyAttachment "broken"`)

	_, err = stack.Destroy(t.Context(), optdestroy.Refresh())
	require.NoError(t, err)
	assert.Equal(t, 2, s.calls(t), "the function is invoked when it is destroyed")
}

const secret = "not-to-be-seen"

// setup is an emulated AWS, and a Pulumi with the plugin.
type setup struct {
	folder, code string
	env          map[string]string
	generation   string
	broken       bool
}

func newSetup(t *testing.T) *setup {
	pulumiCLI, python := need(t, "bin/pulumi"), need(t, "venv/bin/python")
	if _, err := mirror.Here().Find(); err != nil {
		t.Skip(err)
	}
	s := &setup{folder: t.TempDir(), generation: "one"}
	port := startCloud(t, python)
	s.env = map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
		"AWS_ENDPOINT_URL":                            fmt.Sprintf("http://127.0.0.1:%d", port),
		"PULUMI_BACKEND_URL":                          "file://" + s.subfolder(t, "state"),
		"PULUMI_CONFIG_PASSPHRASE":                    "test",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	t.Setenv("PATH", filepath.Dir(pulumiCLI)+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("PULUMI_HOME", s.subfolder(t, "home"))
	s.code = s.subfolder(t, "code")
	s.writeFunction(t)

	plugin := filepath.Join(s.folder, "pulumi-resource-aws")
	execute(t, "go", "build", "-trimpath", "-o", plugin, ".")
	execute(t, pulumiCLI, "plugin", "install", "resource", "aws", bridge.Version, "-f", plugin)
	return s
}

func (s *setup) subfolder(t *testing.T, name string) string {
	folder := filepath.Join(s.folder, name)
	require.NoError(t, os.MkdirAll(folder, 0o700))
	return folder
}

// need returns the path of a file that the sandbox builds.
func need(t *testing.T, name string) string {
	path, err := filepath.Abs(filepath.Join("..", "..", ".local", filepath.FromSlash(name)))
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("there is no %s: run `make local` first", path)
	}
	return path
}

func execute(t *testing.T, name string, args ...string) {
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// startCloud returns the port of an emulated AWS that ends with the test.
func startCloud(t *testing.T, python string) int {
	ports := freePorts(t, 3)
	var output bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), python, filepath.Join("..", "..", "sandbox", "servers", "aws", "launcher.py"), //nolint:gosec // ours
		"--port", strconv.Itoa(ports[0]), "--distribution-port", strconv.Itoa(ports[1]),
		"--api-port", strconv.Itoa(ports[2]), "--deploy-seconds", "0")
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the log of the emulated AWS:\n%s", tail(output.String(), 40))
		}
	})
	require.Eventually(t, func() bool {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/_ministack/health", ports[0])) //nolint:noctx // short
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	}, time.Minute, 200*time.Millisecond, "the emulated AWS does not start")
	return ports[0]
}

func tail(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func freePorts(t *testing.T, n int) []int {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
		require.NoError(t, err)
		defer l.Close() //nolint:errcheck // only its number is wanted
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// writeFunction writes a Lambda that records each call and returns the secret. It is an archive, because
// only there a file can be executable.
func (s *setup) writeFunction(t *testing.T, added ...string) {
	python := `#!/usr/bin/env python3
import json, os, urllib.request
runtime = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    event = urllib.request.urlopen(runtime + "next")
    with open(os.environ["CALLS"], "ab") as calls:
        calls.write(event.read() + b"\n")
    answer = json.dumps({"key": os.environ["ANSWER"]}).encode()
    id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(urllib.request.Request(runtime + id + "/response", data=answer, method="POST")).read()
`
	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	for name, text := range map[string]string{"bootstrap": python, "added": strings.Join(added, "")} {
		header := &zip.FileHeader{Name: name}
		header.SetMode(0o755)
		file, err := archive.CreateHeader(header)
		require.NoError(t, err)
		_, err = file.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, os.WriteFile(filepath.Join(s.code, "function.zip"), code.Bytes(), 0o600))
}

func (s *setup) calls(t *testing.T) int {
	text, err := os.ReadFile(filepath.Join(s.folder, "calls"))
	require.NoError(t, err)
	return bytes.Count(text, []byte("\n"))
}

func (s *setup) assertNoChange(t *testing.T, stack auto.Stack) {
	t.Helper()
	preview, err := stack.Preview(t.Context(), optpreview.Refresh(), optpreview.Diff())
	require.NoError(t, err)
	for op, n := range preview.ChangeSummary {
		assert.True(t, op == apitype.OpSame || n == 0, "%d %s:\n%s", n, op, preview.StdOut)
	}
	assert.NotContains(t, preview.StdOut, secret)
}

func (s *setup) assertNoSecret(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(s.folder, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		assert.NotContains(t, string(text), secret, path)
		return err
	}))
}

func (s *setup) stack(t *testing.T) auto.Stack {
	stack, err := auto.UpsertStackInlineSource(t.Context(), "test", "trial", s.program,
		auto.WorkDir(s.subfolder(t, "project")), auto.EnvVars(s.env),
		auto.Project(workspace.Project{
			Name: tokens.PackageName("trial"), Runtime: workspace.NewProjectRuntimeInfo("go", nil),
		}))
	require.NoError(t, err)
	return stack
}

// made are the outputs that the program uses.
type made struct {
	pulumi.CustomResourceState
	Arn         pulumi.StringOutput    `pulumi:"arn"`
	ApiEndpoint pulumi.StringOutput    `pulumi:"apiEndpoint"`
	Bucket      pulumi.StringOutput    `pulumi:"bucket"`
	Name        pulumi.StringOutput    `pulumi:"name"`
	Result      pulumi.StringOutput    `pulumi:"result"`
	TagsAll     pulumi.StringMapOutput `pulumi:"tagsAll"`
}

// program registers by token what a program in Go registers through the SDK, and needs no compilation of it.
func (s *setup) program(ctx *pulumi.Context) error {
	p := &program{ctx: ctx}
	provider := &pulumi.ProviderResourceState{}
	p.err = ctx.RegisterResource("pulumi:providers:aws", "aws", pulumi.Map{
		"region":      pulumi.String("us-east-1"),
		"defaultTags": pulumi.Map{"tags": pulumi.StringMap{"project": pulumi.String("trial")}},
	}, provider)
	p.provider = provider

	account := p.invoke("aws:index/getCallerIdentity:getCallerIdentity", nil)["accountId"]
	policy := p.invoke("aws:iam/getPolicyDocument:getPolicyDocument", map[string]any{"statements": []any{map[string]any{
		"actions":    []any{"sts:AssumeRole"},
		"principals": []any{map[string]any{"type": "Service", "identifiers": []any{"lambda.amazonaws.com"}}},
	}}})["json"]
	role := p.add("aws:iam/role:Role", "role", pulumi.Map{"assumeRolePolicy": pulumi.Sprintf("%s", policy)})
	p.add("aws:iam/rolePolicy:RolePolicy", "role", pulumi.Map{
		"role": role.Name,
		"policy": pulumi.Map{ // a document where text is due
			"Version": pulumi.String("2012-10-17"),
			"Statement": pulumi.Array{pulumi.Map{
				"Effect": pulumi.String("Allow"), "Action": pulumi.String("ssm:GetParameter"),
				"Resource": pulumi.Sprintf("arn:aws:ssm:us-east-1:%s:parameter/trial/*", account),
			}},
		},
	})
	function := p.add("aws:lambda/function:Function", "function", pulumi.Map{
		"role": role.Arn, "runtime": pulumi.String("provided.al2023"), "handler": pulumi.String("bootstrap"),
		"code": pulumi.NewFileArchive(filepath.Join(s.code, "function.zip")),
		"tags": pulumi.StringMap{"own": pulumi.String("one")},
		"environment": pulumi.Map{"variables": pulumi.ToSecret(pulumi.StringMap{
			"ANSWER": pulumi.String(secret), "CALLS": pulumi.String(filepath.Join(s.folder, "calls")),
		})},
	})
	invocation := p.add("aws:lambda/invocation:Invocation", "first", pulumi.Map{
		"functionName": function.Name, "input": pulumi.String("{}"), "lifecycleScope": pulumi.String("CRUD"),
	}, pulumi.AdditionalSecretOutputs([]string{"result"}))
	api := p.add("aws:apigatewayv2/api:Api", "api", pulumi.Map{"protocolType": pulumi.String("HTTP")})
	p.distribution(api, invocation, s.generation)
	bucket := p.add("aws:s3/bucketV2:BucketV2", "Logs", pulumi.Map{"forceDestroy": pulumi.Bool(true)})
	p.add("aws:s3/bucketObjectv2:BucketObjectv2", "greeting", pulumi.Map{
		"bucket": bucket.Bucket, "source": pulumi.NewStringAsset("hello " + s.generation),
	})
	p.network()
	if s.broken {
		p.add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "broken", pulumi.Map{
			"role": pulumi.String("nobody"), "policyArn": pulumi.String("arn:aws:iam::aws:policy/ReadOnlyAccess"),
		})
	}
	ctx.Export("function", function.Name)
	ctx.Export("bucket", bucket.Bucket)
	ctx.Export("tags", function.TagsAll)
	ctx.Export("result", invocation.Result)
	return p.err
}

// program keeps the first error.
type program struct {
	ctx      *pulumi.Context
	provider pulumi.ProviderResource
	err      error
}

func (p *program) add(token, name string, inputs pulumi.Map, opts ...pulumi.ResourceOption) *made {
	m := &made{}
	if p.err == nil {
		p.err = p.ctx.RegisterResource(token, name, inputs, m, append(opts, pulumi.Provider(p.provider))...)
	}
	return m
}

func (p *program) invoke(token string, args map[string]any) map[string]any {
	answer := map[string]any{}
	if p.err == nil {
		p.err = p.ctx.Invoke(token, args, &answer, pulumi.Provider(p.provider))
	}
	return answer
}

func (p *program) distribution(api, invocation *made, comment string) {
	header := invocation.Result.ApplyT(func(text string) (string, error) {
		var answer struct{ Key string }
		err := json.Unmarshal([]byte(text), &answer)
		return answer.Key, err
	})
	methods := pulumi.ToStringArray([]string{"GET", "HEAD"})
	p.add("aws:cloudfront/distribution:Distribution", "edge", pulumi.Map{
		"enabled": pulumi.Bool(true), "comment": pulumi.String(comment), "waitForDeployment": pulumi.Bool(false),
		"origins": pulumi.Array{pulumi.Map{
			"originId":   pulumi.String("api"),
			"domainName": api.ApiEndpoint.ApplyT(func(url string) string { return strings.TrimPrefix(url, "https://") }),
			"customHeaders": pulumi.Array{
				pulumi.Map{"name": pulumi.String("x-origin-verify"), "value": header},
			},
			"customOriginConfig": pulumi.Map{
				"httpPort": pulumi.Int(80), "httpsPort": pulumi.Int(443),
				"originProtocolPolicy": pulumi.String("https-only"), "originSslProtocols": pulumi.ToStringArray([]string{"TLSv1.2"}),
			},
		}},
		"defaultCacheBehavior": pulumi.Map{
			"allowedMethods": methods, "cachedMethods": methods, "targetOriginId": pulumi.String("api"),
			"viewerProtocolPolicy": pulumi.String("https-only"),
			"cachePolicyId": pulumi.Sprintf("%s", p.invoke("aws:cloudfront/getCachePolicy:getCachePolicy",
				map[string]any{"name": "Managed-CachingDisabled"})["id"]),
		},
		"restrictions":      pulumi.Map{"geoRestriction": pulumi.Map{"restrictionType": pulumi.String("none")}},
		"viewerCertificate": pulumi.Map{"cloudfrontDefaultCertificate": pulumi.Bool(true)},
	}, pulumi.IgnoreChanges([]string{"origins[0].customHeaders"}))
}

func (p *program) network() {
	vpc := p.add("aws:ec2/vpc:Vpc", "vpc", pulumi.Map{"cidrBlock": pulumi.String("10.0.0.0/16")})
	group := p.add("aws:ec2/securityGroup:SecurityGroup", "lb", pulumi.Map{"vpcId": vpc.ID()})
	p.add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "lb", pulumi.Map{
		"securityGroupId": group.ID(), "cidrIpv4": pulumi.String("10.0.0.0/16"), "ipProtocol": pulumi.String("tcp"),
		"fromPort": pulumi.Int(443), "toPort": pulumi.Int(443),
	})
	p.add("aws:lb/targetGroup:TargetGroup", "pods", pulumi.Map{
		"vpcId": vpc.ID(), "port": pulumi.Int(8443), "protocol": pulumi.String("HTTPS"),
		"targetType": pulumi.String("ip"), "deregistrationDelay": pulumi.Int(30), // a string in Terraform
	})
	visible := pulumi.Map{
		"cloudwatchMetricsEnabled": pulumi.Bool(true), "metricName": pulumi.String("waf"),
		"sampledRequestsEnabled": pulumi.Bool(true),
	}
	p.add("aws:wafv2/webAcl:WebAcl", "acl", pulumi.Map{
		"scope": pulumi.String("CLOUDFRONT"), "defaultAction": pulumi.Map{"allow": pulumi.Map{}}, "visibilityConfig": visible,
		"rules": pulumi.Array{pulumi.Map{
			"name": pulumi.String("rate"), "priority": pulumi.Int(1), "action": pulumi.Map{"block": pulumi.Map{}},
			"visibilityConfig": visible,
			"statement":        pulumi.Map{"rateBasedStatement": pulumi.Map{"limit": pulumi.Int(1000)}},
		}},
	})
}
