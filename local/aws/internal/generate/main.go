package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/sdk"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/terraform"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/proto"
)

var services = strings.Fields(`. iam lambda apigatewayv2 cloudfront cloudwatch kms ssm scheduler sqs sns ec2 lb s3 acm route53 wafv2 vpc resourcegroups`)

func main() {
	ctx := context.Background()
	p, err := terraform.Here().Find()
	if err != nil {
		panic(err)
	}
	srv, err := p.Start(ctx)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	dir, err := exec.Command("go", "mod", "download", "-json", "github.com/pulumi/pulumi-aws/sdk/v6@v6.83.0").Output()
	if err != nil {
		panic(err)
	}
	var m struct{ Dir string }
	_ = json.Unmarshal(dir, &m)
	var packages []*sdk.Package
	for _, s := range services {
		p, err := sdk.Parse(filepath.Join(m.Dir, "go/aws", s))
		if err != nil {
			panic(err)
		}
		packages = append(packages, p)
	}
	t, missing := table.Derive(packages, proto.New(ctx, srv))
	for _, x := range missing {
		fmt.Fprintln(os.Stderr, "missing", x)
	}
	out := t.Encode()
	fmt.Println(string(out))
}
