package rotation

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Keyring names the SecureString parameters below one path, and the KMS key that encrypts
// them.
type Keyring struct {
	Path      string              // "/gatehouse/dev/origin-key"
	KMSKeyARN pulumi.StringOutput // of the key that encrypts the parameters

	deployment deployment.Deployment
}

// ReadStatements allow reading the keyring and nothing else.
func (k Keyring) ReadStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "ReadKeyring",
			Actions:   []string{"ssm:GetParametersByPath"},
			Resources: pulumi.StringArray{pulumi.String(k.pathARN())},
		},
		k.cryptoStatement("DecryptKeys", "kms:Decrypt"),
	}
}

// writeStatements allow adding keys to the keyring and deleting them.
func (k Keyring) writeStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "ChangeKeyring",
			Actions:   []string{"ssm:PutParameter", "ssm:DeleteParameters"},
			Resources: pulumi.StringArray{pulumi.String(k.keysARN())},
		},
		k.cryptoStatement("EncryptKeys", "kms:Encrypt"),
	}
}

// cryptoStatement allows one use of the KMS key, for keys of this keyring only:
// Parameter Store passes the parameter's ARN as encryption context.
func (k Keyring) cryptoStatement(sid, action string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:        sid,
		Actions:    []string{action},
		Resources:  pulumi.StringArray{k.KMSKeyARN},
		Conditions: []iampolicy.Condition{k.keysOnly()},
	}
}

func (k Keyring) keysOnly() iampolicy.Condition {
	return iampolicy.Condition{Operator: "StringLike", Key: "kms:EncryptionContext:PARAMETER_ARN", Value: pulumi.String(k.keysARN())}
}

func (k Keyring) pathARN() string { return k.deployment.ARN("ssm", "parameter"+k.Path) }
func (k Keyring) keysARN() string { return k.pathARN() + "/*" }
