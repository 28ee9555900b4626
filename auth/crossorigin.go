package auth

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A CrossOrigin refuses requests that a page of another origin made a browser send. [Cookie] and the sessions use it,
// since a browser adds cookies to requests by itself; a token in a header needs no such protection.
//
// It is [http.CrossOriginProtection] with what that leaves open: upgrades (WebSocket) are refused like unsafe methods,
// although they are GET, and so is an http page calling its https twin. A request with neither Origin nor Sec-Fetch-Site
// is no browser's and passes. The zero value trusts the server's own origin only; so does a nil one.
type CrossOrigin struct {
	std      http.CrossOriginProtection
	insecure bool
}

// CrossOriginConfig configures a [CrossOrigin]. The zero value trusts the server's own origin only.
type CrossOriginConfig struct {
	// Origins are other origins whose pages may send requests, such as "https://app.example.com". Plain http is an
	// error for all but loopback hosts.
	Origins []string
	// InsecurePlainHTTP also accepts the server's own origin, and others, by plain http.
	InsecurePlainHTTP bool
}

// NewCrossOrigin returns the protection that c describes, or all that is wrong with c.
func NewCrossOrigin(c CrossOriginConfig) (*CrossOrigin, error) {
	x := &CrossOrigin{insecure: c.InsecurePlainHTTP}
	var errs []error
	for _, origin := range c.Origins {
		if err := x.trust(origin); err != nil {
			errs = append(errs, fmt.Errorf("auth: origin %q: %w", origin, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return x, nil
}

// hostCharacters are those of hosts and ports in origins: there are no wildcards, and other letters come as punycode.
const hostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]"

func (x *CrossOrigin) trust(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host || strings.Trim(u.Host, hostCharacters) != "":
		return errors.New("not scheme://host[:port]")
	case origin != strings.ToLower(origin):
		return errors.New("not in lower case, as browsers send it")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("neither https nor http")
	case (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80"):
		return errors.New("browsers leave out the default port")
	case !x.isSecure(u):
		return errors.New("plain http: anybody on the network could be that origin")
	}
	return x.std.AddTrustedOrigin(origin)
}

// isSecure reports whether nobody between the browser and that origin can speak for it.
func (x *CrossOrigin) isSecure(u *url.URL) bool {
	return u.Scheme == "https" || x.insecure || isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}

// Check returns nil if r may be served with a browser's cookies, otherwise an [*Error] of status 403. GET, HEAD and
// OPTIONS pass unless they are upgrades: they must not change anything.
func (x *CrossOrigin) Check(r *http.Request) error {
	if x == nil {
		x = &CrossOrigin{}
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, "":
		if len(r.Header["Upgrade"]) == 0 {
			return nil
		}
		unsafe := *r // for the check below, which lets GET pass
		unsafe.Method = http.MethodPost
		r = &unsafe
	}
	if len(r.Header["Origin"]) > 1 || len(r.Header["Sec-Fetch-Site"]) > 1 {
		return crossOrigin(errors.New("auth: a repeated Origin or Sec-Fetch-Site"))
	}
	origin := r.Header.Get("Origin")
	if origin == "null" && r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		origin = "" // from a page that sends no referrer, and so no origin; the browser has compared them itself
	}
	if origin != "" {
		// An http page of the same host would pass below. Its scheme is compared with what the server is meant to be,
		// not with r.TLS, which a proxy in front may have ended.
		if u, err := url.Parse(origin); err != nil || u.Host == "" || !x.isSecure(u) {
			return crossOrigin(errors.New("auth: an opaque Origin, or one by plain http, for which see InsecurePlainHTTP"))
		}
	}
	if err := x.std.Check(r); err != nil {
		return crossOrigin(err)
	}
	return nil
}

func crossOrigin(err error) *Error {
	return &Error{Status: http.StatusForbidden, Message: "Cross-origin request refused", Err: err}
}
