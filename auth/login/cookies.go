package login

import (
	"net/http"

	"github.com/countersign-go/countersign/auth"
)

const (
	deviceCookie = "device"
	deviceAge    = 400 * 24 * 60 * 60 // seconds, as long as browsers keep a cookie
	maxDevice    = 256                // bytes
)

// cookieName returns the name of a cookie: that of a server with TLS alone, unless there is none.
func (s *Service) cookieName(name string) string {
	if s.config.InsecurePlainHTTP {
		return name
	}
	return "__Host-" + name
}

// setCookie sets a cookie for all of the server, that no script reads and no other site's form brings along; one without a
// value has the browser forget it.
func (s *Service) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	c := http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: !s.config.InsecurePlainHTTP, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	w.Header().Add("Set-Cookie", c.String())
}

// device returns what r's browser was given when somebody logged in, "" if there is nothing.
func (s *Service) device(r *http.Request) string {
	values := auth.CookieValues(r, s.cookieName(deviceCookie))
	if len(values) != 1 || len(values[0]) > maxDevice {
		return ""
	}
	return values[0]
}
