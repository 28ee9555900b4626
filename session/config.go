package session

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// The defaults of [Config]. NIST SP 800-63B-4, section 2.2.3, allows a lifetime of 24 hours and an idle timeout of 1 hour.
const (
	DefaultIdleTimeout   = 30 * time.Minute
	DefaultLifetime      = 24 * time.Hour
	DefaultRenewInterval = time.Minute
	DefaultStoreTimeout  = 2 * time.Second
)

const (
	minKey  = 32 // bytes
	maxKeys = 8  // each is tried on a cookie that fits none
)

// Config says how sessions are kept. Store and Keys are required.
type Config struct {
	Store Store // if it is an ActorIndex too, List and EndAll work

	// Keys authenticate the cookies: 32 random bytes or more each, 8 keys at most. The first signs, all are accepted. To
	// change keys without logging anyone out put a new one in front, and drop an old one when Lifetime has passed. All
	// processes behind one host need the same: to one that has others, a cookie is as good as none, and no log tells.
	Keys [][]byte

	// Origins are other origins whose pages may send requests with the cookie, see [auth.CrossOriginConfig].
	Origins []string

	Cookie CookieConfig

	IdleTimeout   time.Duration // a session that is not used for so long ends; default: 30 minutes
	Lifetime      time.Duration // a session ends then, used or not; default: 24 hours, at most 400 days
	RenewInterval time.Duration // a session in use is written at most this often; default: 1 minute, less than IdleTimeout
	StoreTimeout  time.Duration // what one call of Store may take; default: 2 seconds

	// Logger gets a failed renewal, which does not refuse the request, and each use of a record that the store says is
	// [ErrCorrupt], which counts as none. Default: slog.Default().
	Logger *slog.Logger
}

// CookieConfig says what the cookie is like. The zero value is the safest: __Host-sid, which is Secure, HttpOnly,
// SameSite=Lax, for the host alone, and gone when the browser is closed.
type CookieConfig struct {
	// Name begins with "__Host-", or with "__Secure-" if there is a path or a domain, unless the server speaks plain HTTP.
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
}

// template returns the cookie without its value.
func (c CookieConfig) template(lifetime time.Duration) http.Cookie {
	t := http.Cookie{
		Name: c.Name, Domain: c.InsecureDomain, Path: c.Path, SameSite: c.SameSite,
		Secure: !c.InsecurePlainHTTP, HttpOnly: true,
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

// withDefaults returns c with defaults for what is zero, and all that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.IdleTimeout, DefaultIdleTimeout)
	setDefault(&c.Lifetime, DefaultLifetime)
	setDefault(&c.RenewInterval, min(DefaultRenewInterval, c.IdleTimeout/2))
	setDefault(&c.StoreTimeout, DefaultStoreTimeout)
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("session: "+format, args...))
		}
	}
	wrong(c.Store == nil, "no Store")
	wrong(len(c.Keys) == 0, "no Keys")
	wrong(len(c.Keys) > maxKeys, "%d Keys, more than %d", len(c.Keys), maxKeys)
	for i, key := range c.Keys {
		wrong(len(key) < minKey, "Keys[%d] has %d bytes, fewer than %d", i, len(key), minKey)
		wrong(len(bytes.Trim(key, "\x00")) == 0 && len(key) > 0, "Keys[%d] is all zeroes: it was never filled", i)
	}
	wrong(c.IdleTimeout < time.Second, "IdleTimeout is shorter than a second")
	wrong(c.RenewInterval <= 0 || c.RenewInterval >= c.IdleTimeout, "RenewInterval is not between 0 and IdleTimeout")
	wrong(c.Lifetime < c.IdleTimeout, "Lifetime is shorter than IdleTimeout")
	wrong(c.Lifetime > 400*24*time.Hour, "Lifetime is longer than 400 days, which browsers cut cookies to")
	wrong(c.StoreTimeout < 0, "StoreTimeout is negative")
	if err := c.Cookie.check(c.Lifetime); err != nil {
		errs = append(errs, fmt.Errorf("session: Cookie: %w", err))
	}
	return c, errors.Join(errs...)
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d == 0 {
		*d = to
	}
}
