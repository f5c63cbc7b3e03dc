package awsserver

import (
	"fmt"
	"strconv"
)

// PortVariable names the environment variable that moves the local run.
const PortVariable = "GATEHOUSE_PORT"

const defaultPort = 4566

// Ports are those of the local run, all on the loopback interface.
type Ports struct {
	AWS          int // the AWS API
	Distribution int // what viewers reach: CloudFront
	API          int // the HTTP API, past CloudFront
	PrivateModel int // the model in the private network, for the load balancer
	Vault        int
	Kubernetes   int // the API server
}

// PortsFrom reads the first of the consecutive ports; "" is the default.
func PortsFrom(value string) (Ports, error) {
	first := defaultPort
	if value != "" {
		var err error
		if first, err = strconv.Atoi(value); err != nil || first < 1024 || first > 65530 {
			return Ports{}, fmt.Errorf("%s is %q; allowed is a number from 1024 to 65530 (that port and the next five are used)", PortVariable, value)
		}
	}
	return portsFrom(first), nil
}

func portsFrom(first int) Ports {
	return Ports{first, first + 1, first + 2, first + 3, first + 4, first + 5}
}

// Cloud are the ports that the cloud itself listens on.
func (p Ports) Cloud() []int { return []int{p.AWS, p.Distribution, p.API} }

// URL is the address of a port.
func URL(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
