package oidc

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth/token"
)

// The defaults of [Config].
const (
	DefaultTimeout = 10 * time.Second
	DefaultLeeway  = time.Minute

	maxLeeway = 10 * time.Minute
	maxMaxAge = 365 * 24 * time.Hour
)

// An AuthMethod is how this client proves to the token endpoint who it is (OpenID Connect Core 1.0, section 9).
type AuthMethod string

// The methods there are. Without one, a client with a secret sends it in the way that the provider's metadata names,
// ClientSecretBasic if it names both or none, and a client without a secret has nothing to send.
const (
	ClientSecretBasic AuthMethod = "client_secret_basic" // in the Authorization header
	ClientSecretPost  AuthMethod = "client_secret_post"  // in the body
	NoSecret          AuthMethod = "none"                // of a public client, which has PKCE alone
)

// Config says at which provider people log in, and who this client is there. Issuer, ClientID and CallbackURLs are required.
type Config struct {
	// Issuer is the provider's identifier, exactly as it writes it, with the slash at its end if there is one. Its metadata are
	// below it (OpenID Connect Discovery 1.0, section 4). https, or http on loopback, as all URLs here.
	Issuer string

	ClientID     string
	ClientSecret token.Secret // none for a public client
	AuthMethod   AuthMethod

	// CallbackURLs are where the browser may come back to, each as it is registered with the provider. A log-in names one of
	// them in its field callback_url, exactly, or gets the first. Nothing else that a request says leads anywhere.
	CallbackURLs []string

	// Scopes are asked for. Default: "openid", which brings an ID and nothing else; "email" and "profile" bring more.
	Scopes []string
	// UserInfo asks the userinfo endpoint, too, for what the ID token does not say: providers differ in where they put the
	// claims of a scope.
	UserInfo bool

	// Hosts are hosts, with the port if there is one, that the metadata may name for endpoints beside the issuer's own, such
	// as "oauth2.googleapis.com" for "https://accounts.google.com".
	Hosts []string
	// Algorithms are those that ID tokens may be signed by, of RS*, PS*, ES* and EdDSA. Secrets do not sign here.
	// Default: RS256, PS256, ES256 and EdDSA.
	Algorithms []string

	// MaxAge is how long ago people may have proven to the provider who they are, in whole seconds: it is asked for and
	// enforced, and a log-in has the auth.Factor "oidc" of that time. Default: as long as the provider likes, and no factor.
	MaxAge time.Duration
	// ACRValues are the levels of authentication (acr) of which one is asked for and enforced. Default: any.
	ACRValues []string

	Leeway  time.Duration // how far the provider's clock may be off; default: 1 minute, at most 10 minutes
	Timeout time.Duration // what one step of a log-in may take, with all requests that it needs; default: 10 seconds

	// Transport sends the requests, for a proxy, a certificate authority of one's own, or a test without a network: what such a
	// test has to answer shows example_login_test.go. Default: one like http.DefaultTransport. Redirects are not followed and
	// cookies not kept, whatever it is. It must end when the request's context is done.
	Transport http.RoundTripper
	// Logger is told when metadata or keys cannot be had. Default: slog.Default().
	Logger *slog.Logger
}

// algorithms are those that a provider's public keys can be for.
var algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// withDefaults returns a copy of c with defaults for what is zero, and all that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	c.CallbackURLs, c.Scopes, c.Hosts = slices.Clone(c.CallbackURLs), slices.Clone(c.Scopes), slices.Clone(c.Hosts)
	c.Algorithms, c.ACRValues = slices.Clone(c.Algorithms), slices.Clone(c.ACRValues)
	c.Timeout, c.Leeway = cmp.Or(c.Timeout, DefaultTimeout), cmp.Or(c.Leeway, DefaultLeeway)
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid"}
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	var w mistakes
	w.checkClient(c)
	w.checkCallbacks(c.CallbackURLs)
	w.checkWords("Scopes", c.Scopes)
	w.checkWords("ACRValues", c.ACRValues)
	for _, host := range c.Hosts {
		u, err := url.Parse("https://" + host)
		w.add(err != nil || host == "" || u.Host != host, "Hosts: %q is no host", host)
	}
	for _, alg := range c.Algorithms {
		w.add(!slices.Contains(algorithms, alg), "algorithm %q is none of public keys", alg)
	}
	w.add(c.MaxAge < 0 || c.MaxAge > maxMaxAge || c.MaxAge%time.Second != 0, "MaxAge is not in whole seconds, or over a year")
	w.add(c.Leeway < 0 || c.Leeway > maxLeeway, "Leeway is not between 0 and %v", maxLeeway)
	w.add(c.Timeout < 0, "Timeout is negative")
	return c, w.joined()
}

// mistakes collects what is wrong with a configuration. No text holds a secret.
type mistakes []error

func (m *mistakes) add(is bool, format string, args ...any) {
	if is {
		*m = append(*m, fmt.Errorf("oidc: "+format, args...))
	}
}

func (m *mistakes) joined() error { return errors.Join(*m...) }

func (m *mistakes) checkClient(c Config) {
	issuer, err := secureURL(c.Issuer)
	m.add(err != nil, "Issuer: %v", err)
	m.add(err == nil && (issuer.RawQuery != "" || issuer.ForceQuery), "Issuer: URL with a query")
	m.add(c.ClientID == "" || !isClean(c.ClientID), "no ClientID, or one with control characters")
	secret := c.ClientSecret.Reveal()
	m.add(!isClean(secret), "ClientSecret with control characters, such as the end of a line")
	switch c.AuthMethod {
	case "":
	case ClientSecretBasic, ClientSecretPost:
		m.add(secret == "", "AuthMethod %q without a ClientSecret", c.AuthMethod)
	case NoSecret:
		m.add(secret != "", "AuthMethod %q with a ClientSecret", c.AuthMethod)
	default:
		m.add(true, "AuthMethod %q is not known", c.AuthMethod)
	}
}

func (m *mistakes) checkCallbacks(urls []string) {
	m.add(len(urls) == 0, "no CallbackURLs")
	for i, text := range urls {
		_, err := secureURL(text)
		m.add(err != nil, "CallbackURLs: %q: %v", text, err)
		m.add(len(text) > maxURL, "CallbackURLs: URL of more than %d bytes", maxURL)
		m.add(slices.Contains(urls[:i], text), "CallbackURLs: %q is there twice", text)
	}
}

// checkWords refuses what would be two words, or none, where words are separated by spaces (RFC 6749, section 3.3).
func (m *mistakes) checkWords(field string, words []string) {
	for _, word := range words {
		m.add(word == "" || strings.ContainsFunc(word, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' }),
			"%s: %q is not one word", field, word)
	}
}

// maxURL bounds a URL, in bytes.
const maxURL = 2 << 10

// secureURL returns the URL that text is, if it is https, or http to this very machine.
func secureURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || !isClean(text):
		return nil, errors.New("no absolute URL")
	case u.User != nil || strings.Contains(text, "#"):
		return nil, errors.New("URL with a password or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, errors.New("URL that is neither https nor http on loopback")
	}
	return u, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
