package rotationtest

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	gateway "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	functions "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameters "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/gatehouse-iac/gatehouse/local/internal/progress"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
	"github.com/gatehouse-iac/gatehouse/local/internal/restore"
)

const baselineName = "rotation-test-baseline"

// baseline is a front door like the stack's, with the other algorithm.
type baseline struct {
	front          door
	header         string
	parameter      string
	distributionID string
	rotator        function
	ttl            time.Duration // of API Gateway's authorizations
}

// buildBaseline makes it of copies of what the stack has, and notes what it made.
func (t *test) buildBaseline(ctx context.Context, s *progress.Step, made *restore.Changes) (b baseline, err error) {
	s.Doing("compiling")
	dir, err := os.MkdirTemp(t.stack.Layout.Run(""), "baseline-")
	if err != nil {
		return b, err
	}
	defer os.RemoveAll(dir)
	err = t.build.Compile(ctx, s, "baseline", filepath.Join(t.stack.Layout.Root, "local"),
		"env", "CGO_ENABLED=0", "GOOS=linux", "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", dir+"/", "./baseline/authorizer", "./baseline/rotator")
	if err != nil {
		return b, err
	}
	s.Doing("deploying")
	b.header, b.parameter = t.header, "/"+baselineName+"/origin-key"
	value := rand.Text()
	_, err = t.account.ssm.PutParameter(ctx, &ssm.PutParameterInput{
		Name: &b.parameter, Value: &value, Type: parameters.ParameterTypeSecureString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		return b, err
	}
	made.Add("the baseline's parameter", func(ctx context.Context) error {
		_, err := t.account.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &b.parameter})
		return err
	})
	role, err := t.makeRole(ctx, made)
	if err != nil {
		return b, err
	}
	environment := map[string]string{"PARAMETER": b.parameter, "HEADER": b.header}
	authorizer, err := t.makeFunction(ctx, made, role, filepath.Join(dir, "authorizer"), environment)
	if err != nil {
		return b, err
	}
	if b.rotator, err = t.makeFunction(ctx, made, role, filepath.Join(dir, "rotator"), environment); err != nil {
		return b, err
	}
	host, ttl, err := t.makeAPI(ctx, made, authorizer.name)
	if err != nil {
		return b, err
	}
	b.ttl = ttl
	domain := ""
	if b.distributionID, domain, err = t.makeDistribution(ctx, made, host, value); err != nil {
		return b, err
	}
	b.front = door{url: t.front().url, host: domain}
	return b, t.awaitDeployed(ctx, b.distributionID)
}

// makeRole makes a role that may do all that the baseline does.
func (t *test) makeRole(ctx context.Context, made *restore.Changes) (arn string, err error) {
	name := aws.String(baselineName)
	got, err := t.account.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`)})
	if err != nil {
		return "", err
	}
	made.Add("the baseline's role", func(ctx context.Context) error {
		_, policy := t.account.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: name})
		_, role := t.account.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		return errors.Join(policy, role)
	})
	_, err = t.account.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:PutParameter", "cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution"], "Resource": "*"}]}`)})
	return aws.ToString(got.Role.Arn), err
}

func (t *test) makeFunction(ctx context.Context, made *restore.Changes, role, program string, environment map[string]string) (function, error) {
	f := function{t.account.lambda, baselineName + "-" + filepath.Base(program)}
	archive, err := zipped(program)
	if err != nil {
		return f, err
	}
	_, err = f.client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &f.name, Role: &role, Runtime: functions.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []functions.Architecture{functions.Architecture(pulumi.LambdaArchitecture())},
		Code:          &functions.FunctionCode{ZipFile: archive}, Timeout: aws.Int32(30),
		Environment: &functions.Environment{Variables: environment},
	})
	if err != nil {
		return f, err
	}
	made.Add("the function "+f.name, func(ctx context.Context) error {
		_, err := f.client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &f.name})
		return err
	})
	return f, lambda.NewFunctionActiveV2Waiter(f.client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &f.name}, time.Minute)
}

// zipped is an archive that has the program as what Lambda starts.
func zipped(program string) ([]byte, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file, err := writer.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(content)
	err = errors.Join(err, writer.Close())
	return archive.Bytes(), err
}

// makeAPI makes an API with the stack's route to the stack's model, its authorizer's
// time to live and the baseline's authorizer. It returns the API's host.
func (t *test) makeAPI(ctx context.Context, made *restore.Changes, authorizer string) (host string, ttl time.Duration, err error) {
	api := t.account.gateway
	ours, err := api.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &t.apiID})
	if err != nil {
		return "", 0, err
	}
	integrations, err := api.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &t.apiID})
	if err != nil {
		return "", 0, err
	}
	invoking := slices.DeleteFunc(integrations.Items, func(i gateway.Integration) bool {
		return i.IntegrationType != gateway.IntegrationTypeAwsProxy // the others lead into the private network
	})
	if len(ours.Items) != 1 || len(invoking) != 1 {
		return "", 0, fmt.Errorf("the stack's API has %d authorizers and %d integrations with a function; the baseline copies one of each", len(ours.Items), len(invoking))
	}
	like, model := ours.Items[0], invoking[0]

	created, err := api.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String(baselineName), ProtocolType: gateway.ProtocolTypeHttp})
	if err != nil {
		return "", 0, err
	}
	made.Add("the baseline's API", func(ctx context.Context) error {
		_, err := api.DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: created.ApiId})
		return err
	})
	permitted, err := t.account.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &authorizer})
	if err != nil {
		return "", 0, err
	}
	by, err := api.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{
		ApiId: created.ApiId, Name: aws.String(baselineName), AuthorizerType: gateway.AuthorizerTypeRequest,
		AuthorizerUri:  aws.String(fmt.Sprintf("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/%s/invocations", *permitted.FunctionArn)),
		IdentitySource: like.IdentitySource, AuthorizerPayloadFormatVersion: like.AuthorizerPayloadFormatVersion,
		EnableSimpleResponses: like.EnableSimpleResponses, AuthorizerResultTtlInSeconds: like.AuthorizerResultTtlInSeconds,
	})
	if err != nil {
		return "", 0, err
	}
	to, err := api.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: created.ApiId, IntegrationType: model.IntegrationType, IntegrationUri: model.IntegrationUri,
		PayloadFormatVersion: model.PayloadFormatVersion,
	})
	if err != nil {
		return "", 0, err
	}
	_, err = api.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: created.ApiId, RouteKey: aws.String("POST " + modelPath), Target: aws.String("integrations/" + *to.IntegrationId),
		AuthorizationType: gateway.AuthorizationTypeCustom, AuthorizerId: by.AuthorizerId,
	})
	if err != nil {
		return "", 0, err
	}
	_, err = api.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: created.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)})
	host = fmt.Sprintf("%s.execute-api.us-east-1.amazonaws.com", *created.ApiId)
	return host, time.Duration(aws.ToInt32(like.AuthorizerResultTtlInSeconds)) * time.Second, err
}

// makeDistribution copies the stack's distribution, with another origin and value.
func (t *test) makeDistribution(ctx context.Context, made *restore.Changes, host, value string) (id, domain string, err error) {
	cdn := t.account.cloudFront
	ours, err := cdn.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &t.distributionID})
	if err != nil {
		return "", "", err
	}
	config := ours.DistributionConfig
	config.CallerReference, config.Comment = aws.String(rand.Text()), aws.String(baselineName)
	// A name of its own is one distribution's.
	config.Aliases, config.ViewerCertificate = nil, nil
	if len(config.Origins.Items) != 1 || len(config.Origins.Items[0].CustomHeaders.Items) != 1 {
		return "", "", errors.New("the stack's distribution has not one origin with one header; the baseline copies that")
	}
	config.Origins.Items[0].DomainName = &host
	config.Origins.Items[0].CustomHeaders.Items[0].HeaderValue = &value
	created, err := cdn.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: config})
	if err != nil {
		return "", "", err
	}
	id, domain = aws.ToString(created.Distribution.Id), aws.ToString(created.Distribution.DomainName)
	made.Add("the baseline's distribution", func(ctx context.Context) error { return t.deleteDistribution(ctx, id) })
	return id, domain, nil
}

func (t *test) deleteDistribution(ctx context.Context, id string) error {
	cdn := t.account.cloudFront
	got, err := cdn.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &id})
	if err != nil {
		return err
	}
	got.DistributionConfig.Enabled = aws.Bool(false)
	updated, err := cdn.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &id, IfMatch: got.ETag, DistributionConfig: got.DistributionConfig})
	if err != nil {
		return err
	}
	if err := t.awaitDeployed(ctx, id); err != nil {
		return err
	}
	_, err = cdn.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: &id, IfMatch: updated.ETag})
	return err
}
