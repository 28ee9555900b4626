package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	maxCookieHeader = 16 << 10 // bytes of all Cookie fields of a request
	maxCookie       = 4096     // bytes of name and value: browsers keep no more
	maxCookieName   = 256      // bytes, which leaves room for a value
	maxPairs        = 100      // of any name: browsers send fewer
	maxCookies      = 4        // of one name are looked at
)

// CookieOptions are the settings of [Cookie]. The zero value is the default.
type CookieOptions struct {
	// Realm names the protection space in challenges. Default: "api".
	Realm string
	// CrossOrigin refuses requests made by other sites' pages. Default: only the server's own origin is trusted.
	CrossOrigin *CrossOrigin
	// Path, Domain and SameSite are what the cookie is set with, and so what it is cleared with. Default: "/", the host
	// alone, and Lax.
	Path     string
	Domain   string
	SameSite http.SameSite
	// Partitioned says that the cookie is set with Partitioned: it has to be cleared with it.
	Partitioned bool
	// InsecurePlainHTTP says that the cookie is set without Secure.
	InsecurePlainHTTP bool
	// InsecureScriptAccess says that it is set without HttpOnly.
	InsecureScriptAccess bool
}

// Cookie returns the scheme of a token in a cookie, such as a JWT or a session. The cookie should be HttpOnly.
//
// A cookie is sent along whether the user means it or not. So one that is expired, unknown or tampered with counts as
// none, and is cleared: it cannot lock a browser out. At most four cookies of the name are looked at; good ones for
// different sessions count as none, since any of them may have been planted. One of which v says [NoCredentials] counts as
// none too, and stays: it stands for a visitor who has not logged in. And a request that the cookie authenticates must
// come from a trusted origin, see [CrossOrigin], or it is 403.
//
// Cookie panics if v is nil, if name is not a cookie name, and if it has a prefix that contradicts opts (RFC 6265bis,
// section 4.1.3). nil opts are fine.
func Cookie(name string, v TokenVerifier, opts *CookieOptions) Scheme {
	var o CookieOptions
	if opts != nil {
		o = *opts
	}
	if o.CrossOrigin == nil {
		o.CrossOrigin = &CrossOrigin{insecure: o.InsecurePlainHTTP}
	}
	clearing := &http.Cookie{
		Name: name, Path: o.Path, Domain: o.Domain, SameSite: o.SameSite,
		Secure: !o.InsecurePlainHTTP, HttpOnly: !o.InsecureScriptAccess, MaxAge: -1, Partitioned: o.Partitioned,
	}
	if clearing.Path == "" {
		clearing.Path = "/"
	}
	if clearing.SameSite == 0 {
		clearing.SameSite = http.SameSiteLaxMode
	}
	if err := CheckCookie(clearing); err != nil {
		panic("auth: Cookie: " + err.Error())
	}
	asks := Challenge{Scheme: "Cookie"}.With(realm(o.Realm))
	return &cookie{
		name:     name,
		verifier: mustVerifier("Cookie", v),
		origins:  o.CrossOrigin,
		clearing: clearing.String(),
		asks:     asks,
		none:     NoCredentials(asks),
		stale:    NoCredentials(asks),
	}
}

// CheckCookie returns what is wrong with the attributes of a cookie that carries credentials: a name or attribute that
// browsers refuse, or a prefix of the name that they contradict (RFC 6265bis, section 4.1.3).
func CheckCookie(c *http.Cookie) error {
	host := strings.HasPrefix(strings.ToLower(c.Name), "__host-")
	switch {
	case !isToken(c.Name) || len(c.Name) > maxCookieName:
		return fmt.Errorf("cookie name %.80q is not a token of %d bytes at most", c.Name, maxCookieName)
	case c.Partitioned && !c.Secure:
		return errors.New("a partitioned cookie needs Secure")
	case c.Valid() != nil || !strings.HasPrefix(c.Path, "/"):
		return errors.New("path or domain that cannot be sent")
	case c.SameSite < http.SameSiteLaxMode || c.SameSite > http.SameSiteNoneMode:
		return errors.New("a SameSite that is not Lax, Strict or None")
	case host && (!c.Secure || c.Domain != "" || c.Path != "/"):
		return fmt.Errorf("cookie name %s needs Secure, the path / and no domain", c.Name)
	case strings.HasPrefix(strings.ToLower(c.Name), "__secure-") && !c.Secure:
		return fmt.Errorf("cookie name %s needs Secure", c.Name)
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		return errors.New("a cookie with SameSite=None needs Secure")
	}
	return nil
}

type cookie struct {
	name        string
	verifier    TokenVerifier
	origins     *CrossOrigin
	clearing    string
	asks        Challenge
	none, stale error // both say none; stale tells Respond that there was a cookie
}

// Authenticate has the cookies of the name verified.
func (c *cookie) Authenticate(r *http.Request) (*AuthContext, error) {
	values := CookieValues(r, c.name)
	if len(values) == 0 {
		return nil, c.none
	}
	var good *AuthContext
	visitor := false // one of the cookies is good, and nobody's
	for _, value := range values {
		ac, err := c.verify(r, value)
		switch {
		case IsNoCredentials(err):
			visitor = true
			continue
		case err != nil && refuses(err):
			continue
		case err != nil:
			return nil, err
		case good != nil && !sameLogin(good, ac):
			return nil, c.stale
		case good == nil:
			good = ac
		}
	}
	if good == nil && visitor {
		return nil, c.none
	}
	if good == nil {
		return nil, c.stale
	}
	if err := c.origins.Check(r); err != nil {
		return nil, err
	}
	return good, nil
}

func (c *cookie) verify(r *http.Request, value string) (*AuthContext, error) {
	if !isVisible(value) || len(c.name)+len(value) > maxCookie {
		return nil, ErrInvalidCredentials
	}
	ac, err := verify(c.verifier, r, value)
	if errors.Is(err, errVisitor) {
		return nil, c.none
	}
	return ac, err
}

// Detect reports Ambient if there is a cookie of the name.
func (c *cookie) Detect(r *http.Request) Presence {
	if len(CookieValues(r, c.name)) > 0 {
		return Ambient
	}
	return None
}

// Respond clears a cookie that was no good, but not in the answer to a script's request: that may arrive after a log-in
// that went on at the same time, and would clear the new cookie.
func (c *cookie) Respond(h http.Header, r *http.Request, _ *AuthContext, err error) {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return
	}
	set := slices.ContainsFunc(h["Set-Cookie"], func(line string) bool { return strings.HasPrefix(line, c.name+"=") })
	if !set && (err == c.stale || refuses(err)) { // a handler further out may have set a new one
		h.Add("Set-Cookie", c.clearing)
	}
}

// Challenge returns what c asks for.
func (c *cookie) Challenge() Challenge { return c.asks }

func (c *cookie) reads() string { return "Cookie: " + c.name }

// CookieValues returns the values of the cookies of that name that [Cookie] would look at: the first four that differ, since
// each may cost a look into a store, and none of a request whose Cookie fields have more than 16 KiB or 100 cookies together.
func CookieValues(r *http.Request, name string) []string {
	size, pairs := 0, 0
	for _, field := range r.Header["Cookie"] {
		size += len(field)
		pairs += strings.Count(field, ";") + 1
	}
	if size > maxCookieHeader || pairs > maxPairs {
		return nil
	}
	// Not by http.Request.CookiesNamed, which leaves out values that are none: such a cookie would never be cleared.
	var values []string
	for _, field := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(field, ";") {
			key, value, _ := strings.Cut(pair, "=")
			if trim(key) != name || len(values) == maxCookies {
				continue
			}
			if value = unquoted(trim(value)); !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
	}
	return values
}

// trim removes blanks only: a wider notion of space would let a sibling host's cookie called " __Host-sid", with one of the
// other spaces that Unicode has, pass for ours.
func trim(s string) string { return strings.Trim(s, " \t") }

// unquoted returns value without the quotes that may stand around it (RFC 6265, section 4.1.1).
func unquoted(value string) string {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// sameLogin reports whether two contexts stand for one login.
func sameLogin(a, b *AuthContext) bool {
	if a.SessionID == "" && b.SessionID == "" {
		return a.CredentialID != "" && a.CredentialID == b.CredentialID && a.Issuer == b.Issuer
	}
	return a.SessionID == b.SessionID && a.Issuer == b.Issuer && a.Actor == b.Actor
}
