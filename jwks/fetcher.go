package jwks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A fetcher gets the key set of an issuer. It is used by one goroutine at a time.
type fetcher struct {
	config  RemoteConfig
	client  *http.Client
	keysURL string    // where the set is, as far as known
	found   time.Time // when the metadata said so; zero if the set could not be had since
}

const (
	maxHeaderBytes = 64 << 10
	maxMetadataAge = 24 * time.Hour // the keys may move and be left where they were, too
)

func newFetcher(c RemoteConfig) *fetcher {
	transport := c.Transport
	if transport == nil {
		transport = newTransport()
	}
	return &fetcher{config: c, keysURL: c.URL, client: &http.Client{
		Transport: transport,
		// The URL is configured. Where else a server would like us to go is not (RFC 8725, section 3.10).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// newTransport returns one that keeps no connection, and so no goroutine: it is used about once an hour.
func newTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if common, ok := http.DefaultTransport.(*http.Transport); ok {
		t = common.Clone()
	}
	t.DisableKeepAlives = true
	t.MaxResponseHeaderBytes = maxHeaderBytes
	return t
}

// set returns the issuer's keys as they are now: old itself, which may be nil, but for its age if they have not changed.
func (f *fetcher) set(ctx context.Context, old *remoteSet) (*remoteSet, error) {
	if f.config.URL == "" && time.Since(f.found) >= maxMetadataAge {
		switch place, err := f.discover(ctx); {
		case err == nil && place == f.keysURL:
			f.found = time.Now()
		case err == nil:
			f.keysURL, f.found, old = place, time.Now(), nil // an ETag means nothing elsewhere
		case f.keysURL == "":
			return nil, err
		}
	}
	s, err := f.keys(ctx, old)
	if err != nil {
		f.found = time.Time{} // it may have moved
	}
	return s, err
}

func (f *fetcher) keys(ctx context.Context, old *remoteSet) (*remoteSet, error) {
	etag := ""
	if old != nil {
		etag = old.etag
	}
	answer, err := f.get(ctx, f.keysURL, etag)
	if err != nil {
		return nil, fmt.Errorf("JWK Set: %w", err)
	}
	if answer.status == http.StatusNotModified {
		unchanged := *old
		unchanged.maxAge = cmp.Or(answer.maxAge, old.maxAge)
		return &unchanged, nil
	}
	s, err := parseRemote(answer.body)
	if err != nil {
		return nil, fmt.Errorf("JWK Set: %w", err)
	}
	s.etag, s.maxAge = answer.etag, cmp.Or(answer.maxAge, maxRemoteMaxAge)
	return s, nil
}

// An answer is a document, or that it has not changed.
type answer struct {
	status int
	body   []byte
	etag   string
	maxAge time.Duration
}

// get asks for a document. No error holds the URL, whose query may be a secret, or more than a few words of the server.
func (f *fetcher) get(ctx context.Context, from, etag string) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, errors.New("URL that cannot be asked")
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	r.Header.Set("Accept-Encoding", "identity") // nothing has to be unpacked, whatever it unpacks to
	r.Header.Set("User-Agent", "countersign")
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	resp, err := f.client.Do(r)
	if err != nil {
		for u := (*url.Error)(nil); errors.As(err, &u); {
			err = u.Err
		}
		return nil, brief(err.Error())
	}
	defer func() { _ = resp.Body.Close() }()
	a := &answer{status: resp.StatusCode, etag: resp.Header.Get("ETag"), maxAge: maxAge(resp.Header)}
	if etag != "" && a.status == http.StatusNotModified {
		return a, nil
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("answered with status %d", a.status)
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, errors.New("answered in an encoding that was not asked for")
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	switch {
	case err != nil:
		return nil, brief(err.Error())
	case len(a.body) > maxSet:
		return nil, errors.New("answered with over 512 KiB")
	}
	return a, nil
}

// brief returns an error with the beginning of a text of others, on one line. Transports quote what a server said, which
// may be long, and it comes back in a log line for each request.
func brief(text string) error {
	const most = 300 // characters
	printable := func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}
	return fmt.Errorf("%.*s", most, strings.Map(printable, text))
}

// maxAge returns how long the server says that its answer is good (RFC 9111, section 5.2.2), within reason; 0 if it does
// not say.
func maxAge(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(h["Cache-Control"], ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch {
		case strings.EqualFold(name, "no-store"), strings.EqualFold(name, "no-cache"):
			return minCacheControl
		case strings.EqualFold(name, "max-age"):
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			age, _ := strconv.ParseUint(h.Get("Age"), 10, 31) // in caches on the way; RFC 9111, section 5.1
			if err == nil {
				left := time.Duration(seconds)*time.Second - time.Duration(age)*time.Second
				return min(max(left, minCacheControl), maxRemoteMaxAge)
			}
		}
	}
	return 0
}

// secureURL returns the URL that text is, if it is https, or http to this very machine.
func secureURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("no absolute URL")
	case u.User != nil || u.Fragment != "":
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
