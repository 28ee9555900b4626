package session

// DecodeCookie returns the token's text in a value of m's cookie, or an error if none of m's keys made it.
func (m *Manager) DecodeCookie(value string) (string, error) { return m.codec.decode(value) }
