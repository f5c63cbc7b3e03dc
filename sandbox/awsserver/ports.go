package awsserver

import (
	"fmt"
	"strconv"
)

// PortVariable names the environment variable that moves the sandbox to other ports.
const PortVariable = "GATEHOUSE_PORT"

const defaultPort = 4566

// Ports are the ports of the sandbox, all on the loopback interface.
type Ports struct {
	AWS          int // the AWS API
	Distribution int // CloudFront
	API          int // the HTTP API, bypassing CloudFront
	PrivateModel int // the scripted model: of the private route, and of Bedrock
	Vault        int
	Kubernetes   int // the API server
}

// PortsFrom parses the first of the consecutive ports; "" means the default.
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

// Cloud returns the ports that the AWS server listens on.
func (p Ports) Cloud() []int { return []int{p.AWS, p.Distribution, p.API} }

// URL returns the address of a port.
func URL(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
