// Package sdk reads from the Go source of the Pulumi SDK which tokens it registers and invokes,
// and with which properties.
package sdk

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// Package holds the types of one service package of the SDK, by token.
type Package struct {
	Resources map[string]*Object
	Functions map[string]*Object
	Config    *Object // only in the root package
}

// Object is a set of properties.
type Object struct {
	Properties map[string]Type
}

// Type is a property's type, as far as it matters to a mapping.
type Type struct {
	Kind    Kind
	Element *Type   // of a list or a map
	Object  *Object // of an object; nil if it is declared in another package
	// Optional reports whether an input may be left out.
	Optional bool
}

// Kind is the outermost constructor of a type.
type Kind string

// The kinds that occur in the SDK.
const (
	String  Kind = "string"
	Number  Kind = "number"
	Bool    Kind = "bool"
	Any     Kind = "any"
	Archive Kind = "archive"
	Asset   Kind = "asset"
	List    Kind = "list"
	Map     Kind = "map"
	Struct  Kind = "struct"
)

// Parse reads one package of the SDK.
func Parse(folder string) (*Package, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	s := source{types: map[string]ast.Expr{}, objects: map[string]*Object{}}
	p := &Package{Resources: map[string]*Object{}, Functions: map[string]*Object{}}
	var calls []call
	set := token.NewFileSet()
	for _, name := range files {
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the SDK: %w", err)
		}
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.GenDecl:
				s.declare(d)
			case *ast.FuncDecl:
				calls = append(calls, callsIn(d)...)
			}
		}
	}
	for _, c := range calls {
		switch {
		case c.token == "pulumi:providers:aws":
			p.Config = s.object("providerArgs")
		case c.method == "RegisterResource":
			p.Resources[c.token] = merge(s.object(lowerFirst(c.result)+"State"), s.object(lowerFirst(c.result)+"Args"))
		case c.method == "Invoke":
			p.Functions[c.token] = merge(s.object(c.result), s.object(strings.TrimSuffix(c.result, "Result")+"Args"))
		}
	}
	return p, nil
}

type call struct{ method, token, result string }

// callsIn finds ctx.RegisterResource("token", …) and ctx.Invoke("token", …) together with the type of
// the variable that takes their result.
func callsIn(f *ast.FuncDecl) []call {
	var calls []call
	variables := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if ident, ok := n.Type.(*ast.Ident); ok {
				variables[n.Names[0].Name] = ident.Name
			}
		case *ast.CallExpr:
			selector, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || (selector.Sel.Name != "RegisterResource" && selector.Sel.Name != "Invoke") || len(n.Args) == 0 {
				return true
			}
			literal, ok := n.Args[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				return true
			}
			if result := resultVariable(n.Args); variables[result] != "" {
				calls = append(calls, call{selector.Sel.Name, text, variables[result]})
			}
		}
		return true
	})
	return calls
}

func resultVariable(args []ast.Expr) string {
	for _, arg := range args {
		if address, ok := arg.(*ast.UnaryExpr); ok && address.Op == token.AND {
			if ident, ok := address.X.(*ast.Ident); ok {
				return ident.Name
			}
		}
	}
	return ""
}

// source holds the type declarations of one package.
type source struct {
	types   map[string]ast.Expr
	objects map[string]*Object
}

func (s source) declare(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		if t, ok := spec.(*ast.TypeSpec); ok {
			s.types[t.Name.Name] = t.Type
		}
	}
}

// object returns the declared struct, or nil. Structs may contain themselves, as WAF's statements do.
func (s source) object(name string) *Object {
	if known, ok := s.objects[name]; ok {
		return known
	}
	declared, ok := s.types[name].(*ast.StructType)
	if !ok {
		return nil
	}
	object := &Object{Properties: map[string]Type{}}
	s.objects[name] = object
	for _, field := range declared.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			continue
		}
		if property := reflect.StructTag(tag).Get("pulumi"); property != "" {
			object.Properties[property] = s.typeOf(field.Type)
		}
	}
	return object
}

func (s source) typeOf(e ast.Expr) Type {
	switch e := e.(type) {
	case *ast.StarExpr:
		t := s.typeOf(e.X)
		t.Optional = true
		return t
	case *ast.ArrayType:
		element := s.typeOf(e.Elt)
		return Type{Kind: List, Element: &element}
	case *ast.MapType:
		element := s.typeOf(e.Value)
		return Type{Kind: Map, Element: &element}
	case *ast.InterfaceType:
		return Type{Kind: Any}
	case *ast.SelectorExpr:
		switch e.Sel.Name {
		case "Archive":
			return Type{Kind: Archive}
		case "Asset", "AssetOrArchive":
			return Type{Kind: Asset}
		}
		return Type{Kind: Any} // of another package
	case *ast.Ident:
		return s.named(e.Name)
	}
	return Type{Kind: Any}
}

func (s source) named(name string) Type {
	switch name {
	case "string":
		return Type{Kind: String}
	case "bool":
		return Type{Kind: Bool}
	case "int", "float64":
		return Type{Kind: Number}
	}
	if object := s.object(name); object != nil {
		return Type{Kind: Struct, Object: object}
	}
	if underlying, ok := s.types[name]; ok { // an enumeration
		return s.typeOf(underlying)
	}
	return Type{Kind: Any}
}

func merge(objects ...*Object) *Object {
	merged := &Object{Properties: map[string]Type{}}
	for _, object := range objects {
		if object == nil {
			continue
		}
		for name, t := range object.Properties {
			merged.Properties[name] = t
		}
	}
	return merged
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
