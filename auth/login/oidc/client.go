package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/countersign-go/countersign/auth"
)

// Bounds of what a provider says, in bytes.
const (
	maxMetadata    = 64 << 10
	maxAnswer      = 1 << 20
	maxHeaderBytes = 64 << 10
)

// A client asks a provider. What it is answered is bounded, is JSON, and comes from where it was asked for. Its errors are all
// [auth.ErrUnavailable], and hold neither a URL nor more than a few words of the provider.
type client struct {
	http  *http.Client
	close func()
}

func newClient(transport http.RoundTripper) *client {
	c := &client{close: func() {}}
	if transport == nil {
		own := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
		if common, ok := http.DefaultTransport.(*http.Transport); ok {
			own = common.Clone()
		}
		own.MaxResponseHeaderBytes = maxHeaderBytes
		transport, c.close = own, own.CloseIdleConnections
	}
	c.http = &http.Client{
		Transport: transport,
		// A code or a token goes where it was meant to go, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// A failure is why a provider has not answered as it should.
type failure struct{ reason error }

func failed(format string, args ...any) error { return &failure{reason: fmt.Errorf(format, args...)} }

// Error returns the reason.
func (f *failure) Error() string { return f.reason.Error() }

// Unwrap returns [auth.ErrUnavailable].
func (f *failure) Unwrap() error { return auth.ErrUnavailable }

// RoundTrip makes c the transport of package oauth2, which is left the reading of a good answer.
func (c *client) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := c.do(r, maxAnswer)
	if err != nil {
		return nil, err
	}
	if _, err := readObject(body); err != nil {
		return nil, failed("answered with JSON that is no good: %w", err)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: r,
	}, nil
}

// get returns the document at a URL, which whoever has the bearer token may see.
func (c *client) get(ctx context.Context, from, bearer string, most int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, failed("URL that cannot be asked")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	status, body, err := c.do(r, most)
	if err == nil && status != http.StatusOK {
		err = failed("answered with status %d", status)
	}
	return body, err
}

// do sends r and returns the JSON that it is answered with, of a status of 200 to 499.
func (c *client) do(r *http.Request, most int64) (status int, body []byte, err error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", "identity") // nothing has to be unpacked, whatever it unpacks to
	r.Header.Set("User-Agent", "countersign")
	resp, err := c.http.Do(r)
	if err != nil {
		for u := (*url.Error)(nil); errors.As(err, &u); {
			err = u.Err
		}
		return 0, nil, brief(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := acceptable(resp); err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return 0, nil, brief(err)
	case int64(len(body)) > most:
		return 0, nil, failed("answered with over %d bytes", most)
	}
	return resp.StatusCode, body, nil
}

func acceptable(resp *http.Response) error {
	isOK := resp.StatusCode == http.StatusOK
	isNo := resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests
	if !isOK && !isNo {
		return failed("answered with status %d", resp.StatusCode)
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return failed("answered in an encoding that was not asked for")
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return failed("answered with status %d and something else than JSON", resp.StatusCode)
	}
	return nil
}

// brief returns an error with the beginning of the text of another, on one line. Transports quote what a server said, which
// may be long, and what they wrap is not ours to pass on: it could be taken for an answer of our own.
func brief(err error) error {
	const most = 300 // characters
	printable := func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}
	return failed("%.*s", most, strings.Map(printable, err.Error()))
}

// unavailable says at which step a provider has not answered as it should.
func unavailable(step string, reason error) error {
	return fmt.Errorf("oidc: %s: %w: %w", step, auth.ErrUnavailable, reason)
}
