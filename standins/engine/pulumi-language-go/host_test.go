package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// The tests start this test binary as the host, in the way the CLI starts it.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_HOST") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// engine is the part of the CLI that the host talks to.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	messages chan string
}

func (e *engine) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.messages <- req.GetMessage()
	return &emptypb.Empty{}, nil
}

// startEngine serves an engine and returns its address.
func startEngine(t *testing.T) (*engine, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{messages: make(chan string, 100)}
	server := grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return e, listener.Addr().String()
}

// process is a running host and what it prints after its port.
type process struct {
	pulumirpc.LanguageRuntimeClient
	cmd    *exec.Cmd
	stdout *bufio.Scanner
}

// startHost starts the command, which must print a host's port, and connects.
func startHost(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	cmd.Env = append(os.Environ(), "TEST_AS_HOST=1", "PULUMI_HOME="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	stdout := bufio.NewScanner(pipe)
	if !stdout.Scan() {
		t.Fatal("the host printed no port")
	}
	if _, err := strconv.Atoi(stdout.Text()); err != nil {
		t.Fatalf("the host printed %q instead of its port", stdout.Text())
	}
	conn, err := grpc.NewClient("127.0.0.1:"+stdout.Text(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &process{pulumirpc.NewLanguageRuntimeClient(conn), cmd, stdout}
}

// line is the next line of the host's standard output.
func (p *process) line(t *testing.T) string {
	t.Helper()
	if !p.stdout.Scan() {
		t.Fatal("the host's output ended")
	}
	return p.stdout.Text()
}

// program writes a Go program and returns its directory.
func program(t *testing.T, body string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.test/program\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "main.go"), "package main\n\n"+body)
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func request(dir string) *pulumirpc.RunRequest {
	return &pulumirpc.RunRequest{
		Project: "gatehouse", Stack: "local", Organization: "organization", Pwd: dir, Parallel: 4, DryRun: true,
		MonitorAddress: "127.0.0.1:1", Config: map[string]string{"gatehouse:a": "b"}, ConfigSecretKeys: []string{"gatehouse:a"},
		Info: &pulumirpc.ProgramInfo{RootDirectory: dir, ProgramDirectory: dir, EntryPoint: "."},
	}
}

func TestRunGivesTheProgramWhatTheSDKReads(t *testing.T) {
	engine, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], "-v=9", addr))
	dir := program(t, `import ("fmt"; "os"; "strings")
func main() {
	for _, e := range os.Environ() {
		if strings.HasPrefix(e, "PULUMI_") && !strings.HasPrefix(e, "PULUMI_HOME") { fmt.Println(e) }
	}
	wd, _ := os.Getwd()
	fmt.Println(wd)
}`)
	resp, err := host.Run(t.Context(), request(dir))
	if err != nil || resp.GetError() != "" || resp.GetBail() {
		t.Fatalf("got %v, %v", resp, err)
	}
	for _, want := range []string{
		"PULUMI_ORGANIZATION=organization", "PULUMI_PROJECT=gatehouse", "PULUMI_ROOT_DIRECTORY=" + dir, "PULUMI_STACK=local",
		`PULUMI_CONFIG={"gatehouse:a":"b"}`, `PULUMI_CONFIG_SECRET_KEYS=["gatehouse:a"]`, "PULUMI_DRY_RUN=true",
		"PULUMI_PARALLEL=4", "PULUMI_MONITOR=127.0.0.1:1", "PULUMI_ENGINE=" + addr, dir,
	} {
		if got := host.line(t); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := <-engine.messages; got != "Compiling the program ..." {
		t.Errorf("the engine was told %q", got)
	}
}

func TestRunAnswers(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	for _, test := range []struct {
		name, body string
		bail       bool
		want       []string
	}{
		{"compile error", "func main() { undefinedName() }", false, []string{"does not compile", "./main.go:3:", "undefined: undefinedName"}},
		{"no program", "func init() {}", false, []string{"does not compile", "function main is undeclared"}},
		{"exit code", `import "os"; func main() { os.Exit(3) }`, false, []string{"the program failed: exit status 3"}},
		{"error told to the engine", `import "os"; func main() { os.Exit(32) }`, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, err := host.Run(t.Context(), request(program(t, test.body)))
			if err != nil {
				t.Fatal(err)
			}
			if resp.GetBail() != test.bail || (len(test.want) == 0) != (resp.GetError() == "") {
				t.Errorf("got %v", resp)
			}
			for _, want := range test.want {
				if strings.Count(resp.GetError(), want) != 1 {
					t.Errorf("error %q should say %q once", resp.GetError(), want)
				}
			}
		})
	}
}

func TestRunRefusesOptions(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	req := request(program(t, "func main() {}"))
	req.Info.Options, _ = structpb.NewStruct(map[string]any{"binary": "elsewhere"})
	if _, err := host.Run(t.Context(), req); err == nil || !strings.Contains(err.Error(), "binary") {
		t.Errorf("an option that would be ignored got %v", err)
	}
}

func TestUnchangedProgramIsNotLinkedAgain(t *testing.T) {
	dir, cache := program(t, "func main() {}"), t.TempDir()
	built := func() os.FileInfo {
		target, err := compile(t.Context(), dir, cache)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(target)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := built()
	if second := built(); !os.SameFile(first, second) {
		t.Error("the program was linked again")
	}
	write(t, filepath.Join(dir, "main.go"), "package main\n\nfunc main() { println() }\n")
	if third := built(); os.SameFile(first, third) {
		t.Error("a changed program was not linked again")
	}
}

// sleeper prints its process id and ends only when interrupted.
const sleeper = `import ("fmt"; "os"; "os/signal")
func main() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	fmt.Println(os.Getpid())
	<-c
	fmt.Println("interrupted")
	os.Exit(1)
}`

// runSleeper starts a sleeper and returns its process id and Run's response.
func runSleeper(ctx context.Context, t *testing.T, host *process) (int, chan *pulumirpc.RunResponse) {
	t.Helper()
	answer := make(chan *pulumirpc.RunResponse, 1)
	dir := program(t, sleeper)
	go func() {
		resp, _ := host.Run(ctx, request(dir))
		answer <- resp
	}()
	pid, err := strconv.Atoi(host.line(t))
	if err != nil {
		t.Fatal(err)
	}
	return pid, answer
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return
		}
	}
	t.Errorf("process %d still runs", pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestCancelInterruptsTheProgram(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	pid, answer := runSleeper(t.Context(), t, host)
	if _, err := host.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if resp := <-answer; !strings.Contains(resp.GetError(), "cancelled") {
		t.Errorf("got %v", resp)
	}
	if got := host.line(t); got != "interrupted" {
		t.Errorf("the program said %q", got)
	}
	waitGone(t, pid)
}

func TestCancelStopsCompiling(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	if _, err := host.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	resp, err := host.Run(t.Context(), request(program(t, "func main() {}")))
	if err != nil || !strings.Contains(resp.GetError(), "cancelled while compiling") {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestEndOfTheCallInterruptsTheProgram(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	ctx, cancel := context.WithCancel(t.Context())
	pid, _ := runSleeper(ctx, t, host)
	cancel()
	waitGone(t, pid)
}

func TestKilledCLILeavesNothing(t *testing.T) {
	_, addr := startEngine(t)
	// The shell stands for the CLI; `set -m` makes the host a group leader, as the CLI does.
	host := startHost(t, exec.Command("bash", "-c", `set -m; "$0" "$1" & wait`, os.Args[0], addr))
	pid, _ := runSleeper(t.Context(), t, host)
	parent, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Skip("needs /proc to find the host")
	}
	hostPid, err := strconv.Atoi(strings.Fields(string(parent[strings.LastIndexByte(string(parent), ')'):]))[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := host.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	waitGone(t, pid)
	waitGone(t, hostPid)
}

func TestRequiredPackages(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go", "aws", "pulumi-plugin.json"), `{"resource": true, "name": "aws", "version": "v6.83.0"}`)
	pkg, err := providerOf(dir)
	if err != nil || pkg.GetName() != "aws" || pkg.GetVersion() != "6.83.0" || pkg.GetKind() != "resource" {
		t.Errorf("got %v, %v", pkg, err)
	}
	plain := t.TempDir()
	if pkg, err := providerOf(plain); pkg != nil || err != nil {
		t.Errorf("a module that is no SDK gives %v, %v", pkg, err)
	}
}

func TestDescriptions(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	about, err := host.About(t.Context(), &pulumirpc.AboutRequest{})
	if err != nil || !strings.HasPrefix(about.GetVersion(), "go version go1.") {
		t.Errorf("about: %v, %v", about, err)
	}
	// This module itself is a Go module with known requirements.
	info := &pulumirpc.ProgramInfo{ProgramDirectory: "..", RootDirectory: ".."}
	deps, err := host.GetProgramDependencies(t.Context(), &pulumirpc.GetProgramDependenciesRequest{Info: info, TransitiveDependencies: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range deps.GetDependencies() {
		if d.GetName() == "github.com/pulumi/pulumi/sdk/v3" {
			return
		}
	}
	t.Errorf("the Pulumi SDK is missing in %v", deps)
}
