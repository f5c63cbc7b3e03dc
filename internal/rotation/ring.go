package rotation

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Ring is where the key ring lies: SecureString parameters below one path,
// encrypted with one key.
type Ring struct {
	Path      string              // "/gatehouse/dev/origin-key"
	KMSKeyARN pulumi.StringOutput // of the key that encrypts the parameters

	deployment deployment.Deployment
}

// ReadStatements allow reading the ring and nothing else.
func (r Ring) ReadStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "ReadRing",
			Actions:   []string{"ssm:GetParametersByPath"},
			Resources: pulumi.StringArray{pulumi.String(r.pathARN())},
		},
		r.cryptoStatement("DecryptKeys", "kms:Decrypt"),
	}
}

// writeStatements allow adding keys to the ring and deleting them.
func (r Ring) writeStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "ChangeRing",
			Actions:   []string{"ssm:PutParameter", "ssm:DeleteParameters"},
			Resources: pulumi.StringArray{pulumi.String(r.keysARN())},
		},
		r.cryptoStatement("EncryptKeys", "kms:Encrypt"),
	}
}

// cryptoStatement allows one use of the KMS key, for keys of this ring only:
// Parameter Store passes the parameter's ARN as encryption context.
func (r Ring) cryptoStatement(sid, action string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:        sid,
		Actions:    []string{action},
		Resources:  pulumi.StringArray{r.KMSKeyARN},
		Conditions: []iampolicy.Condition{r.keysOnly()},
	}
}

func (r Ring) keysOnly() iampolicy.Condition {
	return iampolicy.Condition{Operator: "StringLike", Key: "kms:EncryptionContext:PARAMETER_ARN", Value: pulumi.String(r.keysARN())}
}

func (r Ring) pathARN() string { return r.deployment.ARN("ssm", "parameter"+r.Path) }
func (r Ring) keysARN() string { return r.pathARN() + "/*" }
