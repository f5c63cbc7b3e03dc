package vault

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/kubernetes"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// unserved are properties of the SDK that are refused.
var unserved = map[tokens.Type][]string{
	"vault:pkiSecret/secretBackendRole:SecretBackendRole": {"policyIdentifier"},
}

// TestSDK compares the definitions with the official SDK: the same properties,
// of the same types, and the same ones required.
func TestSDK(t *testing.T) {
	types := map[tokens.Type]struct{ resource, args any }{
		"vault:index/mount:Mount":                                                                   {vault.Mount{}, vault.MountArgs{}},
		"vault:index/policy:Policy":                                                                 {vault.Policy{}, vault.PolicyArgs{}},
		"vault:kubernetes/authBackendRole:AuthBackendRole":                                          {kubernetes.AuthBackendRole{}, kubernetes.AuthBackendRoleArgs{}},
		"vault:pkiSecret/backendConfigAutoTidy:BackendConfigAutoTidy":                               {pkisecret.BackendConfigAutoTidy{}, pkisecret.BackendConfigAutoTidyArgs{}},
		"vault:pkiSecret/secretBackendCert:SecretBackendCert":                                       {pkisecret.SecretBackendCert{}, pkisecret.SecretBackendCertArgs{}},
		"vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers":                     {pkisecret.SecretBackendConfigIssuers{}, pkisecret.SecretBackendConfigIssuersArgs{}},
		"vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls":                           {pkisecret.SecretBackendConfigUrls{}, pkisecret.SecretBackendConfigUrlsArgs{}},
		"vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig":                             {pkisecret.SecretBackendCrlConfig{}, pkisecret.SecretBackendCrlConfigArgs{}},
		"vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": {pkisecret.SecretBackendIntermediateCertRequest{}, pkisecret.SecretBackendIntermediateCertRequestArgs{}},
		"vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned":     {pkisecret.SecretBackendIntermediateSetSigned{}, pkisecret.SecretBackendIntermediateSetSignedArgs{}},
		"vault:pkiSecret/secretBackendRole:SecretBackendRole":                                       {pkisecret.SecretBackendRole{}, pkisecret.SecretBackendRoleArgs{}},
		"vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert":                               {pkisecret.SecretBackendRootCert{}, pkisecret.SecretBackendRootCertArgs{}},
		"vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate":       {pkisecret.SecretBackendRootSignIntermediate{}, pkisecret.SecretBackendRootSignIntermediateArgs{}},
	}
	for token := range definitions {
		if _, compared := types[token]; !compared {
			t.Errorf("%s is not compared with the SDK", token)
		}
	}
	for token, sdk := range types {
		t.Run(token.Name().String(), func(t *testing.T) {
			d := definitions[token]
			args := sdk.args.(pulumi.Input).ElementType()
			inputs, outputs := tags(args), tags(reflect.TypeOf(sdk.resource))
			for _, f := range d.fields {
				property := string(f.property())
				input, isInput := inputs[property]
				if _, isOutput := outputs[property]; !isOutput {
					t.Errorf("the SDK has no %s", property)
				}
				if isInput == f.is(output) {
					t.Errorf("%s: is an input of the SDK: %t", property, isInput)
				}
				if isInput {
					compareTypes(t, f, input)
				}
				delete(inputs, property)
				delete(outputs, property)
			}
			for property := range outputs {
				if !slices.Contains(unserved[token], property) {
					t.Errorf("%s of the SDK is missing", property)
				}
			}
		})
	}
}

// TestSDKFunctions does the same for the functions.
func TestSDKFunctions(t *testing.T) {
	functions := map[tokens.ModuleMember]struct{ arguments, result any }{
		"vault:pkiSecret/getBackendIssuer:getBackendIssuer": {pkisecret.GetBackendIssuerArgs{}, pkisecret.GetBackendIssuerResult{}},
	}
	for token, l := range lookups {
		arguments, results := tags(reflect.TypeOf(functions[token].arguments)), tags(reflect.TypeOf(functions[token].result))
		for _, f := range l.fields {
			if argument, isArgument := arguments[string(f.property())]; isArgument == f.is(output) {
				t.Errorf("%s: is an argument: %t", f.property(), isArgument)
			} else if isArgument {
				compareTypes(t, f, argument)
			}
			delete(results, string(f.property()))
		}
		delete(results, "id")
		for property := range results {
			t.Errorf("%s of the SDK is missing", property)
		}
	}
}

// tags are the fields of a struct of the SDK, by the property's name.
func tags(of reflect.Type) map[string]reflect.Type {
	found := map[string]reflect.Type{}
	for i := range of.NumField() {
		if tag := of.Field(i).Tag.Get("pulumi"); tag != "" {
			found[tag] = of.Field(i).Type
		}
	}
	return found
}

func compareTypes(t *testing.T, f field, sdk reflect.Type) {
	t.Helper()
	want := map[kind]string{text: "string", number: "int", flag: "bool", list: "[]string", joined: "[]string", set: "[]string", dict: "map[string]string"}[f.kind]
	name, optional := strings.CutPrefix(sdk.String(), "*")
	if name != want {
		t.Errorf("%s is %s in the SDK, not %s", f.property(), sdk, want)
	}
	if scalar := f.kind == text || f.kind == number || f.kind == flag; scalar && optional == f.is(required) {
		t.Errorf("%s: required here: %t, optional in the SDK: %t", f.property(), f.is(required), optional)
	}
}
