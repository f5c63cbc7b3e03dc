package cloud

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// PortVariable names the environment variable that moves the local cloud.
const PortVariable = "GATEHOUSE_PORT"

const defaultPort = 4566

// Ports are those the local cloud listens on, all on the loopback interface.
type Ports struct {
	AWS          int `json:"aws"`          // the AWS API
	Distribution int `json:"distribution"` // what viewers reach: CloudFront
	API          int `json:"api"`          // the HTTP API, past CloudFront
}

// PortsFrom reads the first of the consecutive ports; "" is the default.
func PortsFrom(value string) (Ports, error) {
	first := defaultPort
	if value != "" {
		var err error
		if first, err = strconv.Atoi(value); err != nil || first < 1024 || first > 65532 {
			return Ports{}, fmt.Errorf("%s is %q; allowed is a number from 1024 to 65532 (that port and the next three are used)", PortVariable, value)
		}
	}
	return Ports{first, first + 1, first + 2}, nil
}

// PrivateModel is where the model in the private network listens: the cloud has
// nothing to do with that port.
func (p Ports) PrivateModel() int { return p.API + 1 }

// URL is the address of a port.
func URL(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// Check reports every port that something else listens on.
func (p Ports) Check() error {
	var problems []error
	for _, port := range []int{p.AWS, p.Distribution, p.API} {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			problems = append(problems, fmt.Errorf(
				"port %d cannot be used (%w): end what uses it, or set %s to the first of four free ports", port, err, PortVariable))
			continue
		}
		listener.Close()
	}
	return errors.Join(problems...)
}
