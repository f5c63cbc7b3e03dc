// Package sdktrim writes copies of the generated Pulumi SDKs with only what the program
// uses. The SDKs are half of the Go source that the program is compiled from, and what it
// uses of them is a fiftieth.
//
// It goes by names and knows no types: a declaration, field or method is kept if something
// that is kept may use it. What is kept needlessly takes time to compile; what is missing
// fails to compile.
package sdktrim

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Package is the source of one package.
type Package struct {
	Path  string            // with which it is imported
	Files map[string][]byte // by their names
}

// Trim returns the files of the SDKs with what the program uses, by import path and name.
// It fails if an SDK has something whose use can't be told from names.
func Trim(program, sdks []Package) (map[string][]byte, error) {
	used, declared := set{}, set{}
	err := each(program, func(f *source) error {
		for _, decl := range f.syntax.Decls {
			used.add(f.uses(decl))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var files []*source
	err = each(sdks, func(f *source) error {
		files = append(files, f)
		return f.split(declared)
	})
	if err != nil {
		return nil, err
	}
	for keep(files, used, declared) {
	}
	if used[symbol{method, "FieldByName"}] || used[symbol{method, "MethodByName"}] {
		return nil, errors.New("fields or methods are found by strings, and not by name: FieldByName or MethodByName")
	}
	out := map[string][]byte{}
	for _, f := range files {
		if f.trim(); f.text != nil {
			out[f.name] = f.text
		}
	}
	return out, nil
}

// symbol is a declaration of a package, or one of those below.
type symbol struct{ pkg, name string }

// In place of a package: the symbol is the name of a field or method, of any type, or the
// name of an import.
const (
	field    = "field"
	method   = "method"
	imported = "import"
)

type set map[symbol]bool

func (s set) add(symbols []symbol) {
	for _, symbol := range symbols {
		s[symbol] = true
	}
}

// part is a declaration, a field or method of one, or the registration of a type.
type part struct {
	text  string
	needs []symbol // that must be used for it to be kept
	uses  []symbol
	kept  bool
}

// keep marks what is used, and adds what that uses. It reports whether it found something.
func keep(files []*source, used, declared set) (found bool) {
	for _, file := range files {
		for _, p := range file.parts {
			unused := func(s symbol) bool { return !used[s] && (s.pkg == field || s.pkg == method || declared[s]) }
			if !p.kept && !slices.ContainsFunc(p.needs, unused) {
				p.kept, found = true, true
				used.add(p.uses)
			}
		}
	}
	return found
}

// trim leaves in the file what is kept, and no text if that is nothing.
func (f *source) trim() {
	var body bytes.Buffer
	used := set{}
	for _, p := range f.parts {
		if p.kept {
			fmt.Fprintln(&body, p.text)
			used.add(p.uses)
		}
	}
	f.text = nil
	if body.Len() == 0 {
		return
	}
	f.text = fmt.Appendf(nil, "package %s\n\n", f.syntax.Name.Name)
	for _, name := range sorted(f.imports) {
		if used[symbol{imported, name}] {
			f.text = fmt.Appendf(f.text, "import %s %q\n", name, f.imports[name])
		}
	}
	f.text = append(f.text, body.Bytes()...)
}
