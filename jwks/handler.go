package jwks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// DefaultCacheAge is how long those who fetch what [Handler] serves are told that they may keep it, unless a [RingConfig]
// says otherwise. A key must be published for longer than this before it signs.
const DefaultCacheAge = 5 * time.Minute

// A Publisher has public keys for [Handler] to serve: it is a [Set] or a [Ring].
type Publisher interface {
	// publish returns what is asked for an edition at each request, or why there is nothing to publish.
	publish() (func(ctx context.Context) (edition, error), error)
}

var (
	_ Publisher = (*Set)(nil)
	_ Publisher = (*Ring)(nil)
)

// Handler returns a handler that serves the public keys of p as a JWK Set (RFC 7517, section 5), with kty, kid, alg,
// use and the public members of each. It answers GET and HEAD, whatever the path, and knows If-None-Match. A ring whose
// view of its store is too old is answered with 503.
//
// Private members and secrets cannot appear: what is served is made from public halves only. A set of secrets has nothing
// to publish, which is an error.
func Handler(p Publisher) (http.Handler, error) {
	if p == nil {
		return nil, errors.New("jwks: nothing to publish")
	}
	current, err := p.publish()
	if err != nil {
		return nil, err
	}
	return &handler{current}, nil
}

// An edition is what is served for a time.
type edition struct {
	body   []byte
	etag   string
	maxAge time.Duration
}

func newEdition(keys []*Key, maxAge time.Duration) (edition, error) {
	body, err := publicSet(keys)
	if err != nil {
		return edition{}, err
	}
	sum := sha256.Sum256(body)
	return edition{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`, maxAge}, nil
}

func (s *Set) publish() (func(context.Context) (edition, error), error) {
	if s == nil {
		return nil, errors.New("jwks: nil set")
	}
	e, err := newEdition(s.keys, DefaultCacheAge)
	if err != nil {
		return nil, err
	}
	return func(context.Context) (edition, error) { return e, nil }, nil
}

func publicSet(keys []*Key) ([]byte, error) {
	var set struct {
		Keys []publicJWK `json:"keys"`
	}
	for _, k := range keys {
		if _, secret := k.secret(); secret {
			continue
		}
		public, err := k.publicMembers()
		if err != nil {
			return nil, fmt.Errorf("jwks: %w", err)
		}
		set.Keys = append(set.Keys, public)
	}
	if set.Keys == nil {
		return nil, errors.New("jwks: set without a public key: secrets cannot be published")
	}
	return json.Marshal(set)
}

type handler struct {
	current func(ctx context.Context) (edition, error)
}

// ServeHTTP sends the document, or nothing if the client has it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, `{"type": "not_allowed", "message": "Method Not Allowed"}`)
		return
	}
	e, err := h.current(r.Context())
	if err != nil { // it is in the ring's log
		header.Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, `{"type": "unavailable", "message": "Service Unavailable"}`)
		return
	}
	header.Set("Content-Type", "application/jwk-set+json") // RFC 7517, section 8.5
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(e.maxAge/time.Second)))
	header.Set("ETag", e.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(e.body))
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
