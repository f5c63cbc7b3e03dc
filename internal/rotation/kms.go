package rotation

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// administration is all that the account's administrators may do with the KMS key.
// Using it is not among them.
var administration = []string{
	"kms:CancelKeyDeletion", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey",
	"kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies",
	"kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
	"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:CreateAlias", "kms:DeleteAlias",
	"kms:UpdateKeyDescription",
}

// newKMSKey makes the key that encrypts the keyring. Its policy leaves it to IAM who
// uses it, but only through Parameter Store and only for keys of the keyring.
func (r *Rotation) newKMSKey(ctx *pulumi.Context, name string, args *Args) error {
	d := args.Deployment
	account := iampolicy.Principal{Type: "AWS", ID: pulumi.Sprintf("arn:%s:iam::%s:root", d.Partition, d.AccountID)}
	thisKey := pulumi.StringArray{pulumi.String("*")}
	key, err := kms.NewKey(ctx, name+"-kms", &kms.KeyArgs{
		Description:          pulumi.String("Encrypts the origin keys of " + d.Name),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy: iampolicy.Document(
			iampolicy.Statement{Sid: "Administer", Principal: account, Actions: administration, Resources: thisKey},
			iampolicy.Statement{
				Sid:       "UseForTheRing",
				Principal: account,
				Actions:   []string{"kms:Decrypt", "kms:Encrypt"},
				Resources: thisKey,
				Conditions: []iampolicy.Condition{
					{Operator: "StringEquals", Key: "kms:ViaService", Value: pulumi.Sprintf("ssm.%s.amazonaws.com", d.Region)},
					{Operator: "StringEquals", Key: "kms:CallerAccount", Value: pulumi.String(d.AccountID)},
					r.Keyring.keysOnly(),
				},
			},
		),
	}, pulumi.Parent(r))
	if err != nil {
		return err
	}
	r.Keyring.KMSKeyARN = key.Arn
	_, err = kms.NewAlias(ctx, name+"-kms-alias", &kms.AliasArgs{
		Name:        pulumi.String("alias/" + d.Name + "-origin-key"),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(r))
	return err
}
