package jwks

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	remoteMaxAge      = time.Hour
	remoteMaxStale    = 24 * time.Hour
	remoteTimeout     = 5 * time.Second
	requestsPerMinute = 5

	maxRemoteMaxAge      = 24 * time.Hour
	minCacheControl      = time.Minute // what a server may shorten MaxAge to
	maxRemoteBackoff     = time.Minute
	maxRequestsPerMinute = 600
)

// RemoteConfig says whose keys a [Remote] has, and where they are. Issuer is required.
type RemoteConfig struct {
	// Issuer is whose keys these are, as in iss. Tokens of any other find no key here.
	Issuer string
	// URL is where the issuer's JWK Set is: https, or http on loopback. Default: what the metadata of the issuer says, by
	// OpenID Connect Discovery 1.0, section 4, or RFC 8414, section 3; Issuer must be such a URL itself then.
	//
	// Whoever can answer in the place of the issuer can sign everything, so there is no setting for plain HTTP: to a server
	// without TLS, a proxy on this machine can speak.
	URL string
	// KeyHosts are hosts, with the port if there is one, that the metadata may name for the keys beside the issuer's own,
	// such as "www.googleapis.com" for "https://accounts.google.com".
	KeyHosts []string

	// MaxAge is how old the set may get before it is fetched anew, which happens a little ahead and off the path of
	// requests. The server's Cache-Control can shorten it, to a minute at the least. Default: 1 hour; at least a second
	// and two cooldowns (see RequestsPerMinute), at most 24 hours.
	MaxAge time.Duration
	// RequestsPerMinute bounds how often an unknown kid or a failure makes it ask again: 5 is a cooldown of 12 seconds,
	// whatever comes in between. Default: 5.
	RequestsPerMinute int
	// MaxStale is how old the last good set may get when no better one can be had. Then requests are answered with 503.
	// Default: 24 hours.
	MaxStale time.Duration
	// Timeout is what one attempt may take, from discovery to the last byte. Default: 5 seconds.
	Timeout time.Duration

	// AllowNoKeyID accepts tokens without kid if the set has exactly one key for their algorithm. Nobody notices when that
	// key is replaced: the new one is known when the set is fetched for its age.
	AllowNoKeyID bool
	// Transport sends the requests, for a proxy or a certificate authority of one's own. Default: one like
	// http.DefaultTransport. Redirects are not followed and cookies not kept, whatever it is.
	// It must end when the request's context is done.
	Transport http.RoundTripper
	// Logger is told of failures, of keys that are not used, and of changes. Default: slog.Default().
	Logger *slog.Logger
}

func (c RemoteConfig) withDefaults() (RemoteConfig, error) {
	c.MaxAge = cmp.Or(c.MaxAge, remoteMaxAge)
	c.MaxStale = cmp.Or(c.MaxStale, max(remoteMaxStale, c.MaxAge))
	c.Timeout = cmp.Or(c.Timeout, remoteTimeout)
	c.RequestsPerMinute = cmp.Or(c.RequestsPerMinute, requestsPerMinute)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.KeyHosts = slices.Clone(c.KeyHosts)
	var errs []error
	add := func(is bool, text string) {
		if is {
			errs = append(errs, errors.New("jwks: remote: "+text))
		}
	}
	add(c.Issuer == "", "no Issuer")
	if c.URL != "" {
		_, err := secureURL(c.URL)
		add(err != nil, fmt.Sprintf("URL: %v", err))
	} else if c.Issuer != "" {
		_, err := metadataURLs(c.Issuer)
		add(err != nil, fmt.Sprintf("no URL, and Issuer cannot be asked for it: %v", err))
	}
	add(c.MaxAge < time.Second || c.MaxAge > maxRemoteMaxAge, fmt.Sprintf("MaxAge is not between 1s and %v", maxRemoteMaxAge))
	add(c.RequestsPerMinute > 0 && c.MaxAge < 2*c.cooldown(),
		"MaxAge is less than two cooldowns of a minute divided by RequestsPerMinute")
	add(c.MaxStale < c.MaxAge, "MaxStale is less than MaxAge")
	for _, host := range c.KeyHosts {
		u, err := url.Parse("https://" + host)
		add(err != nil || host == "" || u.Host != host, fmt.Sprintf("KeyHosts: %q is no host", host))
	}
	add(c.Timeout < 0, "Timeout is negative")
	add(c.RequestsPerMinute < 1 || c.RequestsPerMinute > maxRequestsPerMinute,
		fmt.Sprintf("RequestsPerMinute is not between 1 and %d", maxRequestsPerMinute))
	return c, errors.Join(errs...)
}

func (c RemoteConfig) cooldown() time.Duration {
	return time.Minute / time.Duration(c.RequestsPerMinute)
}
