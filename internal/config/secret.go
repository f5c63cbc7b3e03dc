package config

// Secret is text that formatting doesn't show.
type Secret string

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString hides the text.
func (s Secret) GoString() string { return s.String() }

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }
