package pipelineroles

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

const (
	youngQuota = 10 // of concurrent executions, of which AWS lets nothing be reserved
	usualQuota = 1000
)

// tierSetting says of which tier a parameter is that names none.
const tierSetting = "/ssm/parameter-store/default-parameter-tier"

// youngAccount makes the account one that is hard to deploy into: its quota of
// functions allows no reservation, and its parameters are of the advanced tier, for
// which the functions' roles lack a permission.
func (t *test) youngAccount(ctx context.Context, step *progress.Step) error {
	step.Note("%d concurrent executions, advanced parameters", youngQuota)
	_, err := ssm.NewFromConfig(awsclient.Config(t.endpoint)).UpdateServiceSetting(ctx, &ssm.UpdateServiceSettingInput{
		SettingId: aws.String(tierSetting), SettingValue: aws.String("Advanced"),
	})
	if err != nil {
		return fmt.Errorf("make the advanced tier the account's default: %w", err)
	}
	return t.setQuota(ctx, youngQuota)
}

// usualAccount raises the quota again. The advanced tier stays.
func (t *test) usualAccount(ctx context.Context, step *progress.Step) error {
	step.Note("%d concurrent executions", usualQuota)
	return t.setQuota(ctx, usualQuota)
}

func (t *test) setQuota(ctx context.Context, executions int) error {
	control := awsclient.Controls{Endpoint: t.endpoint}
	account, err := control.Account(ctx)
	if err != nil {
		return err
	}
	account.ConcurrentExecutions = executions
	return control.SetAccount(ctx, account)
}
