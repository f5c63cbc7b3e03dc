package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// Free reports every port on the loopback interface that something listens on.
func Free(ports ...int) error {
	var problems []error
	for _, port := range ports {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			problems = append(problems, fmt.Errorf("port %d cannot be used: %w", port, err))
			continue
		}
		listener.Close()
	}
	return errors.Join(problems...)
}

// Usable reports the ports that the server of this name can't listen on. Those that this
// checkout's own one listens on are free to it.
func Usable(l checkout.Layout, name string, ports ...int) error {
	if running, found := Find(l, name); found {
		ports = slices.DeleteFunc(slices.Clone(ports), func(port int) bool { return slices.Contains(running.Ports, port) })
	}
	return Free(ports...)
}

// awaitFree waits for the ports of a server that has ended: its children take a moment to
// end after it.
func awaitFree(ctx context.Context, ports []int) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		err := Free(ports...)
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
