package auth

import "strings"

// maxParam bounds the value of one challenge parameter, in bytes: what is longer is cut off.
const maxParam = 1024

// A Challenge tells a client which credentials would be accepted, and why those that came were not: one
// WWW-Authenticate field (RFC 9110, section 11.6.1).
//
// Whatever its fields hold, [Challenge.String] is one well-formed challenge on one line.
type Challenge struct {
	// Scheme is the authentication scheme, a token such as "Bearer". A challenge whose scheme is none is not sent.
	Scheme string
	// Params are the parameters in the order they are sent. A parameter whose name is not a token, or was there before,
	// is left out.
	Params []Param
}

// A Param is one parameter of a [Challenge], such as realm.
type Param struct{ Name, Value string }

// With returns a copy of c with params added.
func (c Challenge) With(params ...Param) Challenge {
	all := make([]Param, 0, len(c.Params)+len(params))
	all = append(all, c.Params...)
	return Challenge{Scheme: c.Scheme, Params: append(all, params...)}
}

// String returns c as the value of a WWW-Authenticate field, or "" if its scheme is not a token. Values are sent as
// quoted strings (RFC 9110, section 5.6.4); a character that may not stand in one is sent as "?".
func (c Challenge) String() string {
	if !isToken(c.Scheme) {
		return ""
	}
	var b strings.Builder
	b.WriteString(c.Scheme)
	separator := " "
	for i, p := range c.Params {
		if !isToken(p.Name) || c.named(p.Name, i) {
			continue
		}
		b.WriteString(separator)
		b.WriteString(p.Name)
		b.WriteString(`="`)
		writeQuoted(&b, p)
		b.WriteByte('"')
		separator = ", "
	}
	return b.String()
}

// named reports whether one of the first n parameters has the name, which is a token, and is compared without case (RFC 9110,
// section 11.2). What is left out is not there: strings.EqualFold would take the long s for one of ASCII.
func (c Challenge) named(name string, n int) bool {
	for _, p := range c.Params[:n] {
		if isToken(p.Name) && strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

func writeQuoted(b *strings.Builder, p Param) {
	value := p.Value
	if len(value) > maxParam {
		value = value[:maxParam]
		if i := strings.LastIndexByte(value, ' '); i > 0 {
			value = value[:i] // half a scope is another scope
		}
	}
	// RFC 6750, section 3, wants these without quotes and backslashes, even escaped ones.
	plain := strings.EqualFold(p.Name, "scope") || strings.HasPrefix(strings.ToLower(p.Name), "error")
	for i := 0; i < len(value); i++ {
		switch ch := value[i]; {
		case ch < ' ' || ch > '~':
			b.WriteByte('?')
		case ch != '"' && ch != '\\':
			b.WriteByte(ch)
		case plain:
			b.WriteByte('\'')
		default:
			b.WriteByte('\\')
			b.WriteByte(ch)
		}
	}
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if ch := s[i]; !isAlphanumeric(ch) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(ch)) {
			return false
		}
	}
	return s != ""
}

func isAlphanumeric(ch byte) bool {
	return 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || '0' <= ch && ch <= '9'
}

// realm returns the realm parameter. A challenge needs at least one parameter (RFC 6750, section 3), so there is a default.
func realm(name string) Param {
	if name == "" {
		name = "api"
	}
	return Param{"realm", name}
}
