package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Outputs are those outputs of the stack that the checks need.
type Outputs struct {
	URL                    string   `json:"url"`
	DistributionURL        string   `json:"distributionUrl"`
	DistributionDomainName string   `json:"distributionDomainName"`
	DistributionID         string   `json:"distributionId"`
	EdgeHTTPVersion        string   `json:"edgeHttpVersion"` // http1.1, http2, http3 or http2and3
	APIURL                 string   `json:"apiUrl"`
	StreamURL              string   `json:"streamUrl"` // empty without streaming
	APIPrefix              string   `json:"apiPrefix"`
	OriginHeaderName       string   `json:"originHeaderName"`
	NamePrefix             string   `json:"namePrefix"` // of the stack's resources
	ModelID                string   `json:"modelId"`
	ClientAccess           string   `json:"clientAccess"` // keys, migrating or open
	ClientsTable           string   `json:"clientsTable"` // empty if open
	CORSOrigins            []string `json:"corsOrigins"`
	RunbookURL             string   `json:"runbookUrl"`
	WebACLARN              string   `json:"webAclArn"`        // empty without a firewall
	InferencePrefix        string   `json:"inferencePrefix"`  // empty without the private route
	CertificateChain       string   `json:"certificateChain"` // PEM, without the root; empty if the program gets none from Vault
	CertificateNames       []string `json:"certificateNames"`
	AccessLogsBucket       string   `json:"accessLogsBucket"` // empty without access logs
	AlarmsTopicARN         string   `json:"alarmsTopicArn"`
	CACertificate          string   `json:"caCertificate"` // PEM
}

// ReadOutputs reads the outputs as `pulumi stack output --json` writes them.
func ReadOutputs(in io.Reader) (Outputs, error) {
	var o Outputs
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return o, fmt.Errorf("read the stack's outputs from standard input, as `pulumi stack output --json` writes them: %w", err)
	}
	return o, o.check()
}

// check returns an error that names every output that is missing.
func (o Outputs) check() error {
	var missing []string
	for _, output := range []struct{ name, value string }{
		{"url", o.URL},
		{"distributionUrl", o.DistributionURL},
		{"edgeHttpVersion", o.EdgeHTTPVersion},
		{"apiUrl", o.APIURL},
		{"apiPrefix", o.APIPrefix},
		{"originHeaderName", o.OriginHeaderName},
		{"namePrefix", o.NamePrefix},
		{"modelId", o.ModelID},
		{"clientAccess", o.ClientAccess},
		{"runbookUrl", o.RunbookURL},
	} {
		if output.value == "" {
			missing = append(missing, output.name)
		}
	}
	if len(missing) > 0 {
		return errors.New("the stack's outputs lack " + strings.Join(missing, ", ") + ": run `pulumi up` with this version of the program")
	}
	return nil
}

// stack returns the name of the stack. That of its project, which the prefix of its resources
// begins with, has no hyphen.
func (o Outputs) stack() string {
	_, stack, _ := strings.Cut(o.NamePrefix, "-")
	return stack
}
