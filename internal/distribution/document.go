package distribution

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// element is an XML element with its position in the document, so that a change replaces
// nothing but its bytes.
type element struct {
	name     xml.Name
	attr     []xml.Attr
	children []*element
	text     string // directly in it

	start, inner int // of the start tag: its first byte, and the first after it
	innerEnd     int // the first byte of the end tag, or inner if there is none
}

// parse returns the root element of an XML document. Its errors name the position of a
// problem, and not the content there, which may be a secret.
func parse(text []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	top := &element{}
	open := []*element{top}
	for {
		at := int(decoder.InputOffset())
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("no XML: syntax error near byte %d", at)
		}
		parent := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name, attr: slices.Clone(token.Attr), start: at, inner: int(decoder.InputOffset())}
			parent.children = append(parent.children, e)
			open = append(open, e)
		case xml.EndElement:
			parent.innerEnd = at
			open = open[:len(open)-1]
		case xml.CharData:
			parent.text += string(token)
		case xml.Directive:
			return nil, errors.New("the XML has a document type declaration, which CloudFront never sends")
		}
	}
	if len(top.children) != 1 {
		return nil, fmt.Errorf("no XML: want one root element, found %d", len(top.children))
	}
	return top.children[0], nil
}

// all returns the children that have the name, in their parent's namespace.
func (e *element) all(local string) []*element {
	var found []*element
	for _, child := range e.children {
		if child.name.Local == local && child.name.Space == e.name.Space {
			found = append(found, child)
		}
	}
	return found
}

// only returns the one element at a path of names. It is nil when there is none.
func (e *element) only(path ...string) (*element, error) {
	for i, local := range path {
		found := e.all(local)
		switch len(found) {
		case 0:
			return nil, nil
		case 1:
			e = found[0]
		default:
			return nil, fmt.Errorf("the configuration has %d elements %s where one belongs", len(found), strings.Join(path[:i+1], "/"))
		}
	}
	return e, nil
}

// needed returns what [element.only] does, and an error if there is none.
func (e *element) needed(path ...string) (*element, error) {
	found, err := e.only(path...)
	if err == nil && found == nil {
		err = fmt.Errorf("the configuration has no %s", strings.Join(path, "/"))
	}
	return found, err
}

// edit replaces a range of bytes.
type edit struct {
	from, to int
	text     string
}

// apply returns the document with all edits. They must not overlap.
func apply(text []byte, edits ...edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(text[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.Write(text[at:])
	return out.Bytes()
}

// document is the configuration of a distribution as CloudFront returned it.
type document struct {
	text   []byte
	root   *element // Distribution
	config *element // DistributionConfig in it
}

func parseDocument(text []byte) (*document, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	config, err := root.needed("DistributionConfig")
	if err != nil {
		return nil, err
	}
	return &document{text: text, root: root, config: config}, nil
}

// location is the position of a header in an origin: the header itself, or the origin
// that gets it.
type location struct {
	id     string // of the origin
	origin *element
	value  *element // HeaderValue; nil when the origin has no such header
}

// find returns the locations of the target's header: on the API's origin, which must
// exist, on that of the API which streams, if it exists, and on every other origin that
// has the header. One update changes them all, so that there is one value.
func (d *document) find(target Target) ([]location, error) {
	items, err := d.config.needed("Origins", "Items")
	if err != nil {
		return nil, err
	}
	var found []location
	var ids []string
	for _, origin := range items.all("Origin") {
		id, err := origin.needed("Id")
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, id.text) {
			return nil, fmt.Errorf("there are two origins %q", id.text)
		}
		ids = append(ids, id.text)
		values, err := valuesOf(origin, target.Header)
		switch {
		case err != nil:
			return nil, fmt.Errorf("origin %q: %w", id.text, err)
		case len(values) > 1:
			return nil, fmt.Errorf("origin %q has header %s %d times: leave one of them", id.text, target.Header, len(values))
		case len(values) == 1:
			found = append(found, location{id: id.text, origin: origin, value: values[0]})
		case id.text == target.OriginID, id.text == target.StreamOriginID:
			found = append(found, location{id: id.text, origin: origin})
		}
	}
	if !slices.Contains(ids, target.OriginID) {
		return nil, fmt.Errorf("no origin is %q: there are %q; run `pulumi up`, so that the schedule names the right one", target.OriginID, ids)
	}
	return found, nil
}

// origins returns the origins of the locations, with the values that they have.
func origins(locations []location) []Origin {
	all := make([]Origin, len(locations))
	for i, p := range locations {
		all[i].ID = p.id
		if p.value != nil {
			all[i].Header = keyring.HeaderValue(p.value.text)
		}
	}
	return all
}

// shared returns the value that the header has in all locations, and none if they differ
// or one has none.
func shared(locations []location) string {
	value := ""
	for i, p := range locations {
		switch {
		case p.value == nil:
			return ""
		case i == 0:
			value = p.value.text
		case p.value.text != value:
			return ""
		}
	}
	return value
}

// valuesOf returns the HeaderValue elements of an origin's custom headers of that
// name.
func valuesOf(origin *element, header string) ([]*element, error) {
	items, err := origin.only("CustomHeaders", "Items")
	if err != nil || items == nil {
		return nil, err
	}
	var values []*element
	for _, custom := range items.all("OriginCustomHeader") {
		name, err := custom.needed("HeaderName")
		if err != nil {
			return nil, err
		}
		if !strings.EqualFold(strings.TrimSpace(name.text), header) {
			continue
		}
		value, err := custom.needed("HeaderValue")
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// with returns the configuration alone, as an update requires it, with the value in the
// locations. Everything else is byte for byte what CloudFront sent.
func (d *document) with(locations []location, header, value string) ([]byte, error) {
	edits := []edit{d.namespaces()}
	for _, p := range locations {
		more, err := d.set(p, header, value)
		if err != nil {
			return nil, err
		}
		edits = append(edits, more...)
	}
	begin, end := d.config.start, d.end(d.config)
	for i := range edits {
		edits[i].from -= begin
		edits[i].to -= begin
	}
	return append([]byte(xml.Header), apply(d.text[begin:end], edits...)...), nil
}

// set returns the edits that set the value at the location.
func (d *document) set(p location, header, value string) ([]edit, error) {
	if p.value != nil {
		return []edit{d.fill(p.value, escape(value))}, nil
	}
	headers, err := p.origin.only("CustomHeaders")
	if err != nil {
		return nil, err
	}
	tag := func(local, inner string) string { return d.tag(p.origin, local, inner) }
	custom := tag("OriginCustomHeader", tag("HeaderName", escape(header))+tag("HeaderValue", escape(value)))
	if headers == nil {
		return []edit{d.add(p.origin, tag("CustomHeaders", tag("Quantity", "1")+tag("Items", custom)))}, nil
	}
	quantity, err := headers.needed("Quantity")
	if err != nil {
		return nil, err
	}
	count, err := strconv.Atoi(strings.TrimSpace(quantity.text))
	if err != nil {
		return nil, fmt.Errorf("the number of custom headers is %q", quantity.text)
	}
	more := d.fill(quantity, strconv.Itoa(count+1))
	items, err := headers.only("Items")
	if err != nil {
		return nil, err
	}
	if items == nil {
		return []edit{more, d.add(headers, tag("Items", custom))}, nil
	}
	return []edit{more, d.add(items, custom)}, nil
}

// namespaces declares on the configuration what the root declared for it.
func (d *document) namespaces() edit {
	var declared strings.Builder
	for _, a := range d.root.attr {
		name := a.Name.Local
		if a.Name.Space == "xmlns" {
			name = "xmlns:" + name
		} else if a.Name.Space != "" || name != "xmlns" {
			continue
		}
		if !slices.ContainsFunc(d.config.attr, func(b xml.Attr) bool { return a.Name == b.Name }) {
			fmt.Fprintf(&declared, ` %s="%s"`, name, escape(a.Value))
		}
	}
	at := d.config.start + 1 + len(d.qualified(d.config))
	return edit{at, at, declared.String()}
}

// fill replaces what is in an element.
func (d *document) fill(e *element, inner string) edit {
	if d.isEmptyTag(e) {
		return d.expand(e, inner)
	}
	return edit{e.inner, e.innerEnd, inner}
}

// add appends to the content of an element.
func (d *document) add(e *element, inner string) edit {
	if d.isEmptyTag(e) {
		return d.expand(e, inner)
	}
	return edit{e.innerEnd, e.innerEnd, inner}
}

// expand turns <a/> into an element with content.
func (d *document) expand(e *element, inner string) edit {
	return edit{e.inner - len("/>"), e.inner, ">" + inner + "</" + d.qualified(e) + ">"}
}

// tag returns a new element, with the prefix of its parent.
func (d *document) tag(into *element, local, inner string) string {
	if prefix, _, ok := strings.Cut(d.qualified(into), ":"); ok {
		local = prefix + ":" + local
	}
	return "<" + local + ">" + inner + "</" + local + ">"
}

// qualified returns an element's name with its prefix, as the document has it.
func (d *document) qualified(e *element) string {
	name := d.text[e.start+1 : e.inner]
	return string(name[:bytes.IndexAny(name, " \t\r\n/>")])
}

func (d *document) isEmptyTag(e *element) bool {
	return bytes.HasSuffix(d.text[e.start:e.inner], []byte("/>"))
}

// end returns the first byte after an element.
func (d *document) end(e *element) int {
	if d.isEmptyTag(e) {
		return e.inner
	}
	return e.innerEnd + bytes.IndexByte(d.text[e.innerEnd:], '>') + 1
}

func escape(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a Builder never fails
	return out.String()
}
