package certificate

import (
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	vaultkubernetes "github.com/pulumi/pulumi-vault/sdk/v6/go/vault/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tokenLife is that of the tokens that cert-manager gets from Vault: each is for one
// request.
const tokenLife = 5 * time.Minute

// login is how cert-manager gets a token from Vault: as a service account that
// exists for this alone.
type login struct {
	account pulumi.StringOutput
	role    pulumi.StringOutput // of the auth method
	ready   []pulumi.Resource
}

func (c *Certificate) newLogin(ctx *pulumi.Context, name string, args *Args) (login, error) {
	account, err := corev1.NewServiceAccount(ctx, name+"-account", &corev1.ServiceAccountArgs{
		Metadata:                     args.Namespace.Metadata("issuer", component, nil),
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, pulumi.Parent(c))
	if err != nil {
		return login{}, err
	}
	accountName := account.Metadata.Name().Elem()
	binding, err := c.letCertManagerBe(ctx, name+"-account", args, accountName)
	if err != nil {
		return login{}, err
	}
	role, err := vaultkubernetes.NewAuthBackendRole(ctx, name+"-login", &vaultkubernetes.AuthBackendRoleArgs{
		Backend:                       pulumi.String(args.Vault.KubernetesAuth),
		RoleName:                      pulumi.String(args.Deployment.Name),
		BoundServiceAccountNames:      pulumi.StringArray{accountName},
		BoundServiceAccountNamespaces: pulumi.StringArray{args.Namespace.Name},
		// What cert-manager asks Kubernetes for: a token for anything else is no use here.
		Audience:             pulumi.Sprintf("vault://%s/%s", args.Namespace.Name, args.Namespace.ObjectName("issuer")),
		TokenPolicies:        pulumi.StringArray{c.Policy},
		TokenNoDefaultPolicy: pulumi.Bool(true),
		TokenTtl:             pulumi.Int(tokenLife / time.Second),
		TokenMaxTtl:          pulumi.Int(tokenLife / time.Second),
	}, pulumi.Parent(c))
	if err != nil {
		return login{}, err
	}
	return login{account: accountName, role: role.RoleName, ready: []pulumi.Resource{binding, role}}, nil
}

// letCertManagerBe lets cert-manager ask Kubernetes for tokens of the account, and of
// no other.
func (c *Certificate) letCertManagerBe(ctx *pulumi.Context, name string, args *Args, account pulumi.StringInput) (pulumi.Resource, error) {
	role, err := rbacv1.NewRole(ctx, name+"-token", &rbacv1.RoleArgs{
		Metadata: args.Namespace.Metadata("issuer-token", component, nil),
		Rules: rbacv1.PolicyRuleArray{&rbacv1.PolicyRuleArgs{
			ApiGroups:     pulumi.StringArray{pulumi.String("")},
			Resources:     pulumi.StringArray{pulumi.String("serviceaccounts/token")},
			ResourceNames: pulumi.StringArray{account},
			Verbs:         pulumi.StringArray{pulumi.String("create")},
		}},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	return rbacv1.NewRoleBinding(ctx, name+"-token-binding", &rbacv1.RoleBindingArgs{
		Metadata: args.Namespace.Metadata("issuer-token", component, nil),
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{&rbacv1.SubjectArgs{
			Kind:      pulumi.String("ServiceAccount"),
			Namespace: pulumi.String(args.Settings.CertManager.Namespace),
			Name:      pulumi.String(args.Settings.CertManager.ServiceAccount),
		}},
	}, pulumi.Parent(c))
}
