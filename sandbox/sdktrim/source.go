package sdktrim

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
)

// source is a parsed file; in an SDK, with its parts.
type source struct {
	name, pkg string // the name begins with the import path
	text      []byte
	syntax    *ast.File
	imports   map[string]string // import paths by the names that the file uses
	parts     []*part
}

var (
	directive    = regexp.MustCompile(`(?m)^//go:`)
	registration = regexp.MustCompile(`^pulumi\.Register(Input|Output)Type\(`)

	// called matches methods that the Pulumi SDK calls, through interfaces of its own.
	called = regexp.MustCompile(`^(ElementType|To(Bool|Int|Float64|String|ID|URN)(Ptr|Array|Map)?Output(WithContext)?)$`)
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// each parses the packages' files and calls do for each.
func each(packages []Package, do func(*source) error) error {
	for _, p := range packages {
		for _, name := range sorted(p.Files) {
			f := &source{name: path.Join(p.Path, name), pkg: p.Path, text: p.Files[name], imports: map[string]string{}}
			if err := errors.Join(f.parse(), do(f)); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	return nil
}

func (f *source) parse() (err error) {
	// With a set of its own, positions count from 1.
	f.syntax, err = parser.ParseFile(token.NewFileSet(), "", f.text, parser.SkipObjectResolution)
	for _, spec := range f.syntax.Imports {
		target, unquoted := strconv.Unquote(spec.Path.Value)
		name := path.Base(target)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		f.imports[name], err = target, errors.Join(err, unquoted)
	}
	return err
}

// uses returns what a piece of syntax may use: symbols of its package and of imported ones,
// the names of imports, and names of fields and methods.
func (f *source) uses(root ast.Node) []symbol {
	found := set{}
	var visit func(ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			found[symbol{f.pkg, n.Name}] = true
		case *ast.SelectorExpr:
			found.add([]symbol{{method, n.Sel.Name}, {field, n.Sel.Name}})
			if base, ok := n.X.(*ast.Ident); ok && f.imports[base.Name] != "" {
				found.add([]symbol{{f.imports[base.Name], n.Sel.Name}, {imported, base.Name}})
			}
			ast.Inspect(n.X, visit)
			return false // the name selected is none of this package
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				found[symbol{field, key.Name}] = true
			}
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				for _, name := range m.Names {
					found[symbol{method, name.Name}] = true
				}
			}
		}
		return true
	}
	ast.Inspect(root, visit)
	return slices.Collect(maps.Keys(found))
}

// split finds the file's parts, adds what it declares, and drops the syntax's declarations,
// which are large.
func (f *source) split(declared set) (err error) {
	if directive.Match(f.text) {
		return errors.New("it has a directive for the compiler")
	}
	for _, decl := range f.syntax.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			err = errors.Join(err, f.function(decl, declared))
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				err = errors.Join(err, f.spec(decl.Tok, spec, declared))
			}
		}
	}
	f.syntax.Decls = nil
	return err
}

// add adds a part from one position to another.
func (f *source) add(prefix string, from, to token.Pos, uses []symbol, needs ...symbol) {
	f.parts = append(f.parts, &part{text: prefix + string(f.text[from-1:to-1]), uses: uses, needs: needs})
}

func (f *source) function(decl *ast.FuncDecl, declared set) error {
	if decl.Name.Name == "init" {
		return f.init(decl.Body.List)
	}
	needs := []symbol{{f.pkg, decl.Name.Name}}
	if decl.Recv == nil {
		declared.add(needs)
	} else {
		base := decl.Recv.List[0].Type
		if star, ok := base.(*ast.StarExpr); ok {
			base = star.X
		}
		receiver, ok := base.(*ast.Ident)
		if !ok {
			return fmt.Errorf("the method %s is of a generic type", decl.Name.Name)
		}
		needs = []symbol{{f.pkg, receiver.Name}}
		if !called.MatchString(decl.Name.Name) {
			needs = append(needs, symbol{method, decl.Name.Name})
		}
	}
	f.add("", decl.Pos(), decl.End(), f.uses(decl), needs...)
	return nil
}

// init finds the registrations of types, each of which is kept if all its types are. The
// generator's init.go registers resources for references in other resources' outputs. It
// names all resources and is left out: no plugin of the program returns such a reference.
func (f *source) init(statements []ast.Stmt) error {
	if path.Base(f.name) == "init.go" {
		return nil
	}
	for _, statement := range statements {
		from, to := statement.Pos(), statement.End()
		if !registration.Match(f.text[from-1 : to-1]) {
			return fmt.Errorf("init does something else than to register types: %s", f.text[from-1:to-1])
		}
		uses := f.uses(statement)
		f.add("func init() { ", from, to, uses, uses...)
		last := f.parts[len(f.parts)-1]
		last.text += " }"
		last.needs = slices.DeleteFunc(last.needs, func(s symbol) bool { return s.pkg != f.pkg })
	}
	return nil
}

func (f *source) spec(kind token.Token, spec ast.Spec, declared set) error {
	prefix, from, to := kind.String()+" ", spec.Pos(), spec.End()
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		name := spec.Names[0].Name
		if len(spec.Names) != 1 || kind == token.CONST && len(spec.Values) != 1 {
			return fmt.Errorf("%s is declared together with others", name)
		}
		if name != "_" {
			declared[symbol{f.pkg, name}] = true
			f.add(prefix, from, to, f.uses(spec), symbol{f.pkg, name})
		}
	case *ast.TypeSpec:
		owner := symbol{f.pkg, spec.Name.Name}
		declared[owner] = true
		structure, ok := spec.Type.(*ast.StructType)
		if !ok || spec.TypeParams != nil {
			f.add(prefix, from, to, f.uses(spec), owner)
			return nil
		}
		f.add(prefix, from, structure.Fields.Opening+1, nil, owner)
		for _, member := range structure.Fields.List {
			needs := []symbol{owner} // all of an embedded field, or of several in one line
			if len(member.Names) == 1 {
				needs = append(needs, symbol{field, member.Names[0].Name})
			}
			f.add("", member.Pos(), member.End(), f.uses(member.Type), needs...)
		}
		f.add("", structure.Fields.Closing, to, nil, owner)
	}
	return nil
}
