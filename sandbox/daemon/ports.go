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

// Usable makes sure that the server of this name can listen. Ports that this
// checkout's own one holds are free to it.
func Usable(l checkout.Layout, name string, ports ...int) error {
	if running, found := Find(l, name); found {
		ports = slices.DeleteFunc(slices.Clone(ports), func(port int) bool { return slices.Contains(running.Ports, port) })
	}
	return Free(ports...)
}

// awaitFree gives a server's own children the moment they need to follow it.
func awaitFree(ctx context.Context, ports []int) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		err := Free(ports...)
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
