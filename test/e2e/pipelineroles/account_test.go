package pipelineroles

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

const (
	youngQuota = 10 // of concurrent executions, of which AWS allows no reservation
	usualQuota = 1000
)

// tierSetting is the setting of the tier of parameters that name none.
const tierSetting = "/ssm/parameter-store/default-parameter-tier"

// youngAccount changes the account to one that is hard to deploy into: its quota of
// functions allows no reservation, and its parameters are of the advanced tier, for
// which the functions' roles lack a permission.
func (s *suite) youngAccount(ctx context.Context) error {
	_, err := ssm.NewFromConfig(awsclient.Config(s.endpoint)).UpdateServiceSetting(ctx, &ssm.UpdateServiceSettingInput{
		SettingId: aws.String(tierSetting), SettingValue: aws.String("Advanced"),
	})
	if err != nil {
		return fmt.Errorf("make the advanced tier the account's default: %w", err)
	}
	return s.setQuota(ctx, youngQuota)
}

// usualAccount raises the quota again. The advanced tier stays.
func (s *suite) usualAccount(ctx context.Context) error {
	return s.setQuota(ctx, usualQuota)
}

func (s *suite) setQuota(ctx context.Context, executions int) error {
	control := awsclient.Controls{Endpoint: s.endpoint}
	account, err := control.Account(ctx)
	if err != nil {
		return err
	}
	account.ConcurrentExecutions = executions
	return control.SetAccount(ctx, account)
}
