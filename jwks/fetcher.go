package jwks

import (
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
)

// A fetcher gets the key set of an issuer. It is used by one goroutine at a time.
type fetcher struct {
	config RemoteConfig
	client *http.Client
	// keysURL is where the set is, as far as known: metadata that was read once is read again when the set cannot be had.
	keysURL string
}

const maxHeaderBytes = 64 << 10

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

// newTransport returns one that keeps no connection, since it is used once in an hour, and so no goroutine either.
func newTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if common, ok := http.DefaultTransport.(*http.Transport); ok {
		t = common.Clone()
	}
	t.DisableKeepAlives = true
	t.MaxResponseHeaderBytes = maxHeaderBytes
	return t
}

// set returns the issuer's keys as they are now: old itself, but for its age, if they have not changed.
func (f *fetcher) set(ctx context.Context, old *remoteSet) (*remoteSet, error) {
	if f.keysURL == "" {
		found, err := f.discover(ctx)
		if err != nil {
			return nil, err
		}
		f.keysURL = found
	}
	s, err := f.keys(ctx, old)
	if err != nil && f.config.URL == "" {
		f.keysURL = "" // it may have moved
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
		unchanged.maxAge = answer.maxAge
		return &unchanged, nil
	}
	s, err := parseRemote(answer.body)
	if err != nil {
		return nil, fmt.Errorf("JWK Set: %w", err)
	}
	s.etag, s.maxAge = answer.etag, answer.maxAge
	return s, nil
}

// An answer is a document, or that it has not changed.
type answer struct {
	status int
	body   []byte
	etag   string
	maxAge time.Duration
}

// get asks for a document. No error holds the URL, whose query may be a secret, or anything that the server said.
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
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
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
	if err == nil && len(a.body) > maxSet {
		err = errors.New("answered with over 512 KiB")
	}
	return a, err
}

// maxAge returns how long the server says that its answer is good (RFC 9111, section 5.2.2), within reason.
func maxAge(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(h["Cache-Control"], ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch {
		case strings.EqualFold(name, "no-store"), strings.EqualFold(name, "no-cache"):
			return minCacheControl
		case strings.EqualFold(name, "max-age"):
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err == nil {
				return min(max(time.Duration(seconds)*time.Second, minCacheControl), maxRemoteMaxAge)
			}
		}
	}
	return maxRemoteMaxAge
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
