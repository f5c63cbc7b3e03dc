package rotation

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Ring is where the keyring lies: SecureString parameters below one path,
// encrypted with one key.
type Keyring struct {
	Path      string              // "/gatehouse/dev/origin-key"
	KMSKeyARN pulumi.StringOutput // of the key that encrypts the parameters

	deployment deployment.Deployment
}

// ReadStatements allow reading the keyring and nothing else.
func (r Keyring) ReadStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "ReadRing",
			Actions:   []string{"ssm:GetParametersByPath"},
			Resources: pulumi.StringArray{pulumi.String(r.pathARN())},
		},
		r.cryptoStatement("DecryptKeys", "kms:Decrypt"),
	}
}

// writeStatements allow adding keys to the keyring and deleting them.
func (r Keyring) writeStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "ChangeRing",
			Actions:   []string{"ssm:PutParameter", "ssm:DeleteParameters"},
			Resources: pulumi.StringArray{pulumi.String(r.keysARN())},
		},
		r.cryptoStatement("EncryptKeys", "kms:Encrypt"),
	}
}

// cryptoStatement allows one use of the KMS key, for keys of this keyring only:
// Parameter Store passes the parameter's ARN as encryption context.
func (r Keyring) cryptoStatement(sid, action string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:        sid,
		Actions:    []string{action},
		Resources:  pulumi.StringArray{r.KMSKeyARN},
		Conditions: []iampolicy.Condition{r.keysOnly()},
	}
}

func (r Keyring) keysOnly() iampolicy.Condition {
	return iampolicy.Condition{Operator: "StringLike", Key: "kms:EncryptionContext:PARAMETER_ARN", Value: pulumi.String(r.keysARN())}
}

func (r Keyring) pathARN() string { return r.deployment.ARN("ssm", "parameter"+r.Path) }
func (r Keyring) keysARN() string { return r.pathARN() + "/*" }
