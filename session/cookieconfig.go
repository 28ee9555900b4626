package session

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// CookieConfig says what the cookie is like. The zero value is the safest: __Host-sid, which is Secure, HttpOnly,
// SameSite=Lax, for the host alone, and gone when the browser is closed.
type CookieConfig struct {
	// Name begins with "__Host-", or with "__Secure-" if there is a path or a domain, unless the server speaks plain HTTP: a
	// sibling host cannot plant a cookie with the former.
	// Default: the prefix and "sid".
	Name     string
	Path     string        // default: "/"
	SameSite http.SameSite // Lax, which is the default, or Strict
	Persist  bool          // the browser keeps it for the session's lifetime

	// InsecureDomain gives the cookie to all hosts of a domain: each of them can use the session, and plant another.
	InsecureDomain string
	// InsecureCrossSite makes it SameSite=None, so that other sites' pages send it along: only Origins are in their way.
	InsecureCrossSite bool
	// InsecurePlainHTTP leaves out Secure, for a server without TLS: everyone on the way can take the session over.
	InsecurePlainHTTP bool
	// InsecureScriptAccess leaves out HttpOnly: whatever script gets into a page takes the session away with it.
	InsecureScriptAccess bool

	// Partitioned keeps one cookie for each site that the pages are embedded in (CHIPS), so that none of them can follow
	// the user to another. It needs Secure.
	Partitioned bool
}

// template returns the cookie without its value.
func (c CookieConfig) template(lifetime time.Duration) http.Cookie {
	t := http.Cookie{
		Name: c.Name, Domain: c.InsecureDomain, Path: c.Path, SameSite: c.SameSite,
		Secure: !c.InsecurePlainHTTP, HttpOnly: !c.InsecureScriptAccess, Partitioned: c.Partitioned,
	}
	if t.Path == "" {
		t.Path = "/"
	}
	switch {
	case c.InsecureCrossSite:
		t.SameSite = http.SameSiteNoneMode
	case t.SameSite == 0:
		t.SameSite = http.SameSiteLaxMode
	}
	if c.Persist {
		t.MaxAge = int(lifetime / time.Second)
	}
	switch {
	case t.Name != "":
	case c.InsecurePlainHTTP:
		t.Name = "sid"
	case t.Domain != "" || t.Path != "/":
		t.Name = "__Secure-sid"
	default:
		t.Name = "__Host-sid"
	}
	return t
}

// check returns what is wrong with the cookie.
func (c CookieConfig) check(lifetime time.Duration) error {
	t := c.template(lifetime)
	if err := auth.CheckCookie(&t); err != nil {
		return err
	}
	prefixed := strings.HasPrefix(t.Name, "__Host-") || strings.HasPrefix(t.Name, "__Secure-")
	switch {
	case !prefixed && !c.InsecurePlainHTTP:
		return fmt.Errorf("cookie name %s has neither the prefix __Host- nor __Secure-: a sibling host could plant one", t.Name)
	case c.SameSite == http.SameSiteNoneMode:
		return errors.New("SameSite is None: see InsecureCrossSite")
	}
	return nil
}
