package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func pluginRequest(t *testing.T, dir string) *pulumirpc.RunPluginRequest {
	t.Helper()
	return &pulumirpc.RunPluginRequest{
		Pwd: t.TempDir(), Args: []string{"127.0.0.1:1"}, Env: []string{"COLOR=blue"}, Kind: "analyzer",
		Info: &pulumirpc.ProgramInfo{RootDirectory: dir, ProgramDirectory: dir, EntryPoint: "."},
	}
}

// heard holds a plugin's output and how it ended.
func heard(t *testing.T, stream grpc.ServerStreamingClient[pulumirpc.RunPluginResponse]) (stdout, stderr string, exitCode int) {
	t.Helper()
	exitCode = -1
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			return stdout, stderr, exitCode
		}
		if err != nil {
			t.Fatal(err)
		}
		switch output := message.GetOutput().(type) {
		case *pulumirpc.RunPluginResponse_Stdout:
			stdout += string(output.Stdout)
		case *pulumirpc.RunPluginResponse_Stderr:
			stderr += string(output.Stderr)
		case *pulumirpc.RunPluginResponse_Exitcode:
			exitCode = int(output.Exitcode)
		}
	}
}

func TestRunPluginPassesOnWhatThePluginSays(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	request := pluginRequest(t, program(t, `import ("fmt"; "os")
func main() {
	dir, _ := os.Getwd()
	fmt.Println(dir, os.Args[1:], os.Environ())
	fmt.Fprintln(os.Stderr, "no more")
	os.Exit(3)
}`))
	stream, err := host.RunPlugin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, exitCode := heard(t, stream)
	dir, err := filepath.EvalSymlinks(request.GetPwd())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{dir + " ", "[127.0.0.1:1]", "COLOR=blue"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("said %q, without %q", stdout, want)
		}
	}
	if stderr != "no more\n" || exitCode != 3 {
		t.Errorf("complained %q and ended with %d", stderr, exitCode)
	}
}

func TestRunPluginSaysWhyItDoesNotCompile(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	stream, err := host.RunPlugin(t.Context(), pluginRequest(t, program(t, "func main() { nonsense }")))
	if err == nil {
		_, err = stream.Recv()
	}
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
}

func TestAPluginEndsWhenTheCLINeedsItNoMore(t *testing.T) {
	_, addr := startEngine(t)
	host := startHost(t, exec.Command(os.Args[0], addr))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := host.RunPlugin(ctx, pluginRequest(t, program(t, sleeper)))
	if err != nil {
		t.Fatal(err)
	}
	message, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(message.GetStdout())))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	waitGone(t, pid)
}
