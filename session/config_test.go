package session_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

func TestNew(t *testing.T) {
	tests := []struct {
		name   string
		change func(*session.Config)
		want   string // what the lines of the error begin with, one for each mistake; "" is no error
	}{
		{"a store and a key are enough", func(*session.Config) {}, ""},
		{"eight keys are fine", func(c *session.Config) { c.Keys = keysOf(32, 32, 33, 64, 32, 32, 32, 32) }, ""},
		{"an idle timeout of a second is fine", func(c *session.Config) { c.IdleTimeout = time.Second }, ""},
		{"a lifetime of 400 days is fine", func(c *session.Config) { c.Lifetime = 400 * 24 * time.Hour }, ""},
		{"an idle timeout as long as the lifetime is fine", func(c *session.Config) { c.IdleTimeout = 24 * time.Hour }, ""},

		{"no store", func(c *session.Config) { c.Store = nil }, "session: no Store"},
		{"no keys", func(c *session.Config) { c.Keys = nil }, "session: no Keys"},
		{"nine keys", func(c *session.Config) { c.Keys = keysOf(32, 32, 32, 32, 32, 32, 32, 32, 32) }, "session: 9 Keys, more than 8"},
		{"short keys", func(c *session.Config) { c.Keys = keysOf(31, 32, 0) },
			"session: Keys[0] has 31 bytes, fewer than 32\nsession: Keys[2] has 0 bytes, fewer than 32"},
		{"a key that was never filled", func(c *session.Config) { c.Keys = [][]byte{keyA, make([]byte, 32)} },
			"session: Keys[1] is all zeroes: it was never filled"},
		{"an idle timeout under a second", func(c *session.Config) { c.IdleTimeout = time.Second - 1 },
			"session: IdleTimeout is shorter than a second"},
		{"a negative idle timeout", func(c *session.Config) { c.IdleTimeout = -time.Hour },
			"session: IdleTimeout is shorter than a second\nsession: RenewInterval is not between 0 and IdleTimeout"},
		{"a negative renewal interval", func(c *session.Config) { c.RenewInterval = -1 },
			"session: RenewInterval is not between 0 and IdleTimeout"},
		{"a renewal interval as long as the idle timeout", func(c *session.Config) { c.RenewInterval = session.DefaultIdleTimeout },
			"session: RenewInterval is not between 0 and IdleTimeout"},
		{"a lifetime shorter than the idle timeout", func(c *session.Config) { c.Lifetime = 29 * time.Minute },
			"session: Lifetime is shorter than IdleTimeout"},
		{"a negative lifetime", func(c *session.Config) { c.Lifetime = -1 }, "session: Lifetime is shorter than IdleTimeout"},
		{"a lifetime over 400 days", func(c *session.Config) { c.Lifetime = 400*24*time.Hour + 1 },
			"session: Lifetime is longer than 400 days, which browsers cut cookies to"},
		{"a negative timeout of the store", func(c *session.Config) { c.StoreTimeout = -1 }, "session: StoreTimeout is negative"},

		{"a grace of a second is fine", func(c *session.Config) { c.RefreshGrace = time.Second }, ""},
		{"a grace that two tabs miss", func(c *session.Config) { c.RefreshGrace = time.Second - 1 },
			"session: RefreshGrace is not between 1 second and 5 minutes"},
		{"a negative grace", func(c *session.Config) { c.RefreshGrace = -1 }, "session: RefreshGrace is not between 1 second and 5 minutes"},
		{"a grace that a thief waits for", func(c *session.Config) { c.RefreshGrace = 5*time.Minute + 1 },
			"session: RefreshGrace is not between 1 second and 5 minutes"},
		{"a limit with a store that lists is fine", func(c *session.Config) { c.MaxPerActor, c.EvictOldest = 1, true }, ""},
		{"a negative limit", func(c *session.Config) { c.MaxPerActor = -1 }, "session: MaxPerActor is negative"},
		{"a limit with a store that cannot list", func(c *session.Config) { c.MaxPerActor, c.Store = 1, bare{c.Store} },
			"session: MaxPerActor needs a Store that is an Index, and session_test.bare is none"},
		{"an eviction without a limit", func(c *session.Config) { c.EvictOldest = true }, "session: EvictOldest without MaxPerActor"},
		{"negative values", func(c *session.Config) { c.MaxValues = -1 }, "session: MaxValues is not between 0 and 65536 bytes"},
		{"values larger than a record", func(c *session.Config) { c.MaxValues = 64<<10 + 1 }, "session: MaxValues is not between 0 and 65536 bytes"},
		{"proxies by IPv4 written as IPv6", func(c *session.Config) {
			c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}
		}, "session: TrustedProxies[0] is one of IPv4 written as IPv6, which no address is in"},
		{"a proxy that is none", func(c *session.Config) { c.TrustedProxies = make([]netip.Prefix, 1) }, "session: TrustedProxies[0] is no network"},

		{"an origin that is none", func(c *session.Config) { c.Origins = []string{"app.example.com", "https://b.example/"} },
			"auth: origin \"app.example.com\": not scheme://host[:port]\nauth: origin \"https://b.example/\": not scheme://host[:port]"},
		{"an origin by plain HTTP", func(c *session.Config) { c.Origins = []string{"http://app.example.com"} },
			`auth: origin "http://app.example.com": plain http: anybody on the network could be that origin`},
		{"an origin by plain HTTP, insecurely", func(c *session.Config) {
			c.Origins, c.Cookie.InsecurePlainHTTP = []string{"http://app.example.com"}, true
		}, ""},

		{"a cookie name that is none", func(c *session.Config) { c.Cookie.Name = "a b" }, `session: Cookie: cookie name "a b" is not a token`},
		{"a __Host- cookie with a domain", func(c *session.Config) { c.Cookie.Name, c.Cookie.InsecureDomain = "__Host-a", "example.com" },
			"session: Cookie: cookie name __Host-a needs Secure, the path / and no domain"},
		{"a __HOST- cookie with a path", func(c *session.Config) { c.Cookie.Name, c.Cookie.Path = "__HOST-a", "/app" },
			"session: Cookie: cookie name __HOST-a needs Secure, the path / and no domain"},
		{"a __Host- cookie by plain HTTP", func(c *session.Config) { c.Cookie.Name, c.Cookie.InsecurePlainHTTP = "__Host-a", true },
			"session: Cookie: cookie name __Host-a needs Secure, the path / and no domain"},
		{"a __Secure- cookie by plain HTTP", func(c *session.Config) { c.Cookie.Name, c.Cookie.InsecurePlainHTTP = "__secure-a", true },
			"session: Cookie: cookie name __secure-a needs Secure"},
		{"a cookie for all sites by plain HTTP", func(c *session.Config) {
			c.Cookie.InsecureCrossSite, c.Cookie.InsecurePlainHTTP = true, true
		}, "session: Cookie: a cookie with SameSite=None needs Secure"},
		{"a cookie domain that is none", func(c *session.Config) { c.Cookie.InsecureDomain = "exa mple" },
			"session: Cookie: path or domain that cannot be sent"},

		{"a partitioned cookie by plain HTTP", func(c *session.Config) { c.Cookie.Partitioned, c.Cookie.InsecurePlainHTTP = true, true },
			"session: Cookie: a partitioned cookie needs Secure"},

		{"nothing that is right", func(c *session.Config) {
			*c = session.Config{
				Keys: keysOf(1), Origins: []string{"x"}, IdleTimeout: 1, RenewInterval: 2, Lifetime: -1, StoreTimeout: -1,
				Cookie: session.CookieConfig{Name: ";"},
			}
		}, `session: no Store
session: Keys[0] has 1 bytes, fewer than 32
session: IdleTimeout is shorter than a second
session: RenewInterval is not between 0 and IdleTimeout
session: Lifetime is shorter than IdleTimeout
session: StoreTimeout is negative
session: Cookie: cookie name ";" is not a token
auth: origin "x": not scheme://host[:port]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{keyA}}
			tt.change(&c)
			m, err := session.New(c)
			got := strings.Split(lines(err), "\n")
			check(t, "the mistakes of "+lines(err), len(got), strings.Count(tt.want, "\n")+1)
			for i, want := range strings.Split(tt.want, "\n") {
				check(t, got[i]+" begins with "+want, strings.HasPrefix(got[i], want), true)
			}
			check(t, "there is a manager", m != nil, tt.want == "")
		})
	}
}

// What a browser would not do as it is told must be an error too: the session would be lost, or less well kept.
func TestNewRefusesWhatBrowsersDoNotKeep(t *testing.T) {
	tests := []struct {
		name   string
		cookie session.CookieConfig
	}{
		{"a name that leaves no room for the value in 4,096 bytes", session.CookieConfig{Name: strings.Repeat("n", 4000)}},
		{"a path that does not begin with a slash, and so is ignored", session.CookieConfig{Path: "app"}},
		{"a SameSite that is not sent, so that the browser chooses", session.CookieConfig{SameSite: http.SameSiteDefaultMode}},
		{"a name without a prefix, which a sibling host could plant", session.CookieConfig{Name: "sid"}},
		{"a prefix in lower case, which not all browsers honour", session.CookieConfig{Name: "__host-sid"}},
		{"None by a name that does not say what it opens", session.CookieConfig{SameSite: http.SameSiteNoneMode}},
		{"a SameSite that nobody knows", session.CookieConfig{SameSite: 9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{keyA}, Cookie: tt.cookie})
			check(t, "refused", err != nil, true)
		})
	}
}

// A program may wipe its copy of the keys.
func TestNewCopiesKeys(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	s := newSite(func(c *session.Config) { c.Keys = [][]byte{key} })
	b := s.logIn()
	clear(key)
	check(t, "a request", b.get("/me"), passed("user ann"))
	check(t, "a later login", s.logIn().get("/me"), passed("user ann"))
}

// A manager ends up in logs with whatever it is a field of.
func TestManagerPrintsNoKeys(t *testing.T) {
	m := must(session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{keyA}}))
	said := fmt.Sprintf("%v %+v %#v", m, m, m)
	for _, key := range []string{string(keyA), fmt.Sprintf("%v", keyA), fmt.Sprintf("%#v", keyA)} {
		check(t, "a key is in what a manager prints", strings.Contains(said, key), false)
	}
}

// keysOf returns keys of those sizes.
func keysOf(sizes ...int) (keys [][]byte) {
	for _, size := range sizes {
		keys = append(keys, []byte(strings.Repeat("k", size)))
	}
	return keys
}

// lines returns the text of an error, "" for none.
func lines(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
