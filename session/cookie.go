package session

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// carry sets the cookie of a session in the answer to r, and returns its context.
func (m *Manager) carry(w http.ResponseWriter, r *http.Request, rec Record, text token.Secret) (auth.AuthContext, error) {
	value, err := m.codec.encode(text)
	if err != nil {
		return auth.AuthContext{}, fmt.Errorf("session: cookie: %w", err)
	}
	cookie := m.cookie
	cookie.Value = value
	if cookie.MaxAge > 0 {
		cookie.MaxAge = int(time.Until(rec.EndsBy) / time.Second)
	}
	m.warnOfPlainHTTP(r)
	setCookie(w.Header(), &cookie)
	return rec.Clone().context(), nil
}

// ClearCookie tells the browser to forget the cookie. It ends no session.
func (m *Manager) ClearCookie(w http.ResponseWriter) {
	cookie := m.cookie
	cookie.MaxAge = -1
	setCookie(w.Header(), &cookie)
}

// setCookie sets c instead of what was set for its name before: a response should set a cookie once (RFC 6265bis,
// section 4.1.1).
func setCookie(h http.Header, c *http.Cookie) {
	h["Set-Cookie"] = append(slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, c.Name+"=")
	}), c.String())
}

// warnOfPlainHTTP tells the operator, once, that browsers will not keep the cookie: what else there is to see is that
// nobody can log in.
func (m *Manager) warnOfPlainHTTP(r *http.Request) {
	if !m.cookie.Secure || r.TLS != nil || saysHTTPS(r.Header) {
		return
	}
	m.plainHTTP.Do(func() {
		m.logger().LogAttrs(r.Context(), slog.LevelWarn,
			"session: a Secure cookie is set without TLS, browsers will not keep it: serve TLS, have the proxy in front say "+
				"X-Forwarded-Proto: https, or set InsecurePlainHTTP for development",
			slog.String("cookie", m.cookie.Name))
	})
}

// saysHTTPS reports whether a proxy says that the client spoke TLS to it. Anybody may have written that, so nothing but
// a warning depends on it.
func saysHTTPS(h http.Header) bool {
	says := func(field, what string) bool {
		return slices.ContainsFunc(h[field], func(v string) bool { return strings.Contains(strings.ToLower(v), what) })
	}
	return says("X-Forwarded-Proto", "https") || says("Forwarded", "proto=https") || says("Forwarded", `proto="https"`)
}
