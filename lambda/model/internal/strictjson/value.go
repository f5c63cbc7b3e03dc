package strictjson

// Kind is the kind of a value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Value is a JSON value. Its zero value is that of an absent member: null without a text.
type Value struct {
	Kind Kind
	Raw  string // the value's text, as it was written

	children *children // nil for an empty array or object, and for every other kind
}

// children are the values in an array or object. Values are many and small: they point to
// the few that have children.
type children struct {
	elements []Value
	members  []Member
}

// Member is a member of an object.
type Member struct {
	Name  string
	Value Value
}

// Text returns the characters of a string, and "" for every other kind. It decodes a
// string with escape sequences at each call.
func (v Value) Text() string {
	if v.Kind != String {
		return ""
	}
	return unquote(v.Raw)
}

// Elements returns the elements of an array, and nil for every other kind. The caller
// must not change them.
func (v Value) Elements() []Value {
	if v.children == nil {
		return nil
	}
	return v.children.elements
}

// Members returns the members of an object in the order of the text, and nil for every
// other kind. The caller must not change them.
func (v Value) Members() []Member {
	if v.children == nil {
		return nil
	}
	return v.children.members
}

// Get returns the member of an object with a name. It returns the zero value if there is
// none, whose Raw is empty.
func (v Value) Get(name string) Value {
	for _, member := range v.Members() {
		if member.Name == name {
			return member.Value
		}
	}
	return Value{}
}
