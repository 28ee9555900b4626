package session

// DecodeCookie returns the token's text in a value of m's cookie, or an error if none of m's keys made it.
func (m *Manager) DecodeCookie(value string) (string, error) { return m.codec.decode(value) }

// RefreshToken returns the refresh token of a session for a counter.
func (m *Manager) RefreshToken(id string, counter uint64) string {
	return m.refresh.encode(id, counter).Reveal()
}

// ParseRefreshToken returns what is in a refresh token that one of m's keys made.
func (m *Manager) ParseRefreshToken(text string) (id string, counter uint64, err error) {
	return m.refresh.parse(text)
}
