package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/gatehouse-iac/gatehouse/internal/diagnosis"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// checkRoutes warns if the model's function is in an existing VPC from which it can't reach
// the table of clients. The stack can be deployed all the same, and what can't be read is no
// error. A VPC of the stack's own has the endpoint.
func (d doctor) checkRoutes(ctx context.Context) {
	s, err := d.settings(ctx)
	if err != nil || !s.hasPrivateClients() {
		return // an unreadable configuration is reported beside the concurrency
	}
	findings, err := routesToDynamoDB(ctx, s)
	if err != nil {
		fmt.Fprintf(d.out, "– clients: routes to DynamoDB not checked: %v\n", err)
		return
	}
	for _, f := range findings {
		fmt.Fprintf(d.out, "! clients: %s\n", f)
	}
	if len(findings) == 0 {
		fmt.Fprintln(d.out, "✓ clients: the VPC has a route to DynamoDB")
	}
}

// hasPrivateClients reports whether the model's function reads clients from an existing
// VPC.
func (s settings) hasPrivateClients() bool {
	access := s["gatehouse:clientAccess"].Value
	return access != "" && access != lambdaenv.ClientAccessOpen &&
		s["gatehouse:modelInVpc"].Value == "true" && s["gatehouse:networkVpcId"].Value != ""
}

func routesToDynamoDB(ctx context.Context, s settings) ([]diagnosis.Finding, error) {
	var subnets []string
	if err := json.Unmarshal([]byte(s["gatehouse:networkPrivateSubnetIds"].Value), &subnets); err != nil {
		return nil, fmt.Errorf("gatehouse:networkPrivateSubnetIds is no list: %w", err)
	}
	region := s["aws:region"].Value
	c, err := newEC2(ctx, region, s["aws:profile"].Value)
	if err != nil {
		return nil, err
	}
	var lists struct {
		IDs []string `xml:"prefixListSet>item>prefixListId"`
	}
	if err := c.describe(ctx, "DescribePrefixLists", "prefix-list-name", "com.amazonaws."+region+".dynamodb", &lists); err != nil {
		return nil, err
	}
	if len(lists.IDs) != 1 {
		return nil, fmt.Errorf("%s has %d prefix lists of DynamoDB", region, len(lists.IDs))
	}
	var found routeTables
	if err := c.describe(ctx, "DescribeRouteTables", "vpc-id", s["gatehouse:networkVpcId"].Value, &found); err != nil {
		return nil, err
	}
	return diagnosis.RoutesToDynamoDB(found.tables(), subnets, lists.IDs[0]), nil
}

// routeTables is EC2's response to DescribeRouteTables.
type routeTables struct {
	Tables []struct {
		Routes []struct {
			CIDR       string `xml:"destinationCidrBlock"`
			PrefixList string `xml:"destinationPrefixListId"`
			State      string `xml:"state"`
		} `xml:"routeSet>item"`
		Associations []struct {
			Main   bool   `xml:"main"`
			Subnet string `xml:"subnetId"`
		} `xml:"associationSet>item"`
	} `xml:"routeTableSet>item"`
}

func (r routeTables) tables() []diagnosis.RouteTable {
	var all []diagnosis.RouteTable
	for _, t := range r.Tables {
		var table diagnosis.RouteTable
		for _, route := range t.Routes {
			if route.State == "active" {
				table.Destinations = append(table.Destinations, route.CIDR+route.PrefixList) // one of them is empty
			}
		}
		for _, association := range t.Associations {
			table.Main = table.Main || association.Main
			if association.Subnet != "" {
				table.Subnets = append(table.Subnets, association.Subnet)
			}
		}
		all = append(all, table)
	}
	return all
}

// ec2 is a client of two operations of Amazon EC2. The SDK's package has all of the
// service's, and takes longer to compile than everything else here.
type ec2 struct {
	sdk      aws.Config
	endpoint string
}

func newEC2(ctx context.Context, region, profile string) (*ec2, error) {
	sdk, err := loadAWS(ctx, region, profile)
	if err != nil {
		return nil, err
	}
	endpoint := "https://ec2." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		endpoint += ".cn"
	}
	if sdk.BaseEndpoint != nil {
		endpoint = *sdk.BaseEndpoint
	}
	return &ec2{sdk: sdk, endpoint: endpoint}, nil
}

// loadAWS configures the SDK as the stack's settings say.
func loadAWS(ctx context.Context, region, profile string) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	sdk, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	return sdk, nil
}

// describeTimeout bounds one request.
const describeTimeout = 15 * time.Second

// describe calls an operation with one filter, and decodes its response.
func (c *ec2) describe(ctx context.Context, operation, filter, value string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	body := []byte(url.Values{
		"Action": {operation}, "Version": {"2016-11-15"}, "Filter.1.Name": {filter}, "Filter.1.Value.1": {value},
	}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if c.sdk.Credentials == nil {
		return errors.New("there are no AWS credentials")
	}
	credentials, err := c.sdk.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(digest[:]), "ec2", c.sdk.Region, time.Now()); err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", operation, refusal(response))
	}
	return xml.NewDecoder(response.Body).Decode(into)
}

// refusal returns the code and message of an error of EC2's, or the status.
func refusal(response *http.Response) string {
	var refused struct {
		Code    string `xml:"Errors>Error>Code"`
		Message string `xml:"Errors>Error>Message"`
	}
	const longest = 64 << 10
	if err := xml.NewDecoder(io.LimitReader(response.Body, longest)).Decode(&refused); err != nil || refused.Code == "" {
		return response.Status
	}
	return refused.Code + ": " + refused.Message
}
