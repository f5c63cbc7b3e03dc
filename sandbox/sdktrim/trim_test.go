package sdktrim

import (
	"strings"
	"testing"
)

const program = `package program

import "x/sdk/s3"

func f() { s3.NewBucket(&s3.BucketArgs{Name: "n"}) }
`

const generated = `package s3

import (
	"context"
	"reflect"

	"x/pulumi"
	"x/sdk/kms"
)

type Bucket struct {
	pulumi.State
	// Arn is an output that the program doesn't read.
	Arn  pulumi.StringOutput ` + "`pulumi:\"arn\"`" + `
	Name pulumi.StringOutput
}

func NewBucket(args *BucketArgs) *Bucket {
	if args.Key == nil {
		panic("Key is required")
	}
	return &Bucket{}
}

func GetBucket() *Bucket { return nil }

type BucketArgs struct {
	Name  pulumi.StringInput
	Key   kms.KeyInput
	Rules RuleArrayInput
}

func (BucketArgs) ElementType() reflect.Type { return reflect.TypeOf((*bucketArgs)(nil)).Elem() }

type bucketArgs struct {
	Name string
}

type RuleArrayInput interface {
	ToRuleArrayOutput(ctx context.Context) RuleArrayOutput
}

type RuleArrayOutput struct{ *pulumi.OutputState }

var _ = context.Background

func init() {
	pulumi.RegisterInputType(reflect.TypeOf((*RuleArrayInput)(nil)).Elem(), RuleArray{})
	pulumi.RegisterOutputType(BucketArgs{})
}
`

// The key is required by its use in the function, and of its interface the method.
const generatedKMS = `package kms

type KeyInput interface { ToKeyOutput() KeyOutput }
type KeyOutput struct { a int }
type Key string
func (k Key) ToKeyOutput() KeyOutput { return KeyOutput{} }
func (k Key) Unused() {}
const Default = Key("default")
`

const trimmed = `package s3

import kms "x/sdk/kms"
import pulumi "x/pulumi"
import reflect "reflect"
type Bucket struct {
pulumi.State
Name pulumi.StringOutput
}
func NewBucket(args *BucketArgs) *Bucket {
	if args.Key == nil {
		panic("Key is required")
	}
	return &Bucket{}
}
type BucketArgs struct {
Name  pulumi.StringInput
Key   kms.KeyInput
}
func (BucketArgs) ElementType() reflect.Type { return reflect.TypeOf((*bucketArgs)(nil)).Elem() }
type bucketArgs struct {
Name string
}
func init() { pulumi.RegisterOutputType(BucketArgs{}) }
`

const trimmedKMS = `package kms

type KeyInput interface { ToKeyOutput() KeyOutput }
type KeyOutput struct {
}
`

func pkg(path, text string) Package {
	return Package{path, map[string][]byte{"a.go": []byte(text)}}
}

func TestTrim(t *testing.T) {
	sdks := []Package{pkg("x/sdk/s3", generated), pkg("x/sdk/kms", generatedKMS), pkg("x/sdk/unused", "package unused\n\ntype T int\n")}
	sdks[0].Files["init.go"] = []byte("package s3\n\ntype module struct{}\n\nfunc init() { register(&module{}) }\n")
	got, err := Trim([]Package{pkg("x/program", program)}, sdks)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"x/sdk/s3/a.go": trimmed, "x/sdk/kms/a.go": trimmedKMS}
	for name, text := range want {
		if string(got[name]) != text {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got the files %v", sorted(got))
	}
}

func TestTrimRefusesWhatNamesDontTell(t *testing.T) {
	for text, want := range map[string]string{
		"func init() { start() }":                              "init does something else",
		"var a, b = 1, 2":                                      "a is declared together",
		"const (\n\ta = iota\n\tb\n)":                          "b is declared together",
		"//go:noinline\nfunc f() {}":                           "a directive for the compiler",
		"type T[E any] int\n\nfunc (T[E]) M() {}":              "M is of a generic type",
		"func New(v V) { v.FieldByName(\"Res\") }\ntype V int": "found by strings",
		"func": "expected",
	} {
		_, err := Trim([]Package{pkg("x/program", "package program\n\nimport \"x/sdk\"\n\nvar _ = sdk.New\n")}, []Package{pkg("x/sdk", "package sdk\n\n"+text+"\n")})
		if err == nil || !strings.Contains(err.Error(), want) || want != "found by strings" && !strings.Contains(err.Error(), "x/sdk/a.go") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
