package jwks

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// MaxAge is how long those who fetch what [Handler] serves are told that they may keep it. A key must be published for
// longer than this before it signs.
const MaxAge = 5 * time.Minute

// Handler returns a handler that serves the public keys of s as a JWK Set (RFC 7517, section 5), with kty, kid, alg,
// use and the public members of each. It answers GET and HEAD, whatever the path, and knows If-None-Match.
//
// Private members and secrets cannot appear: the document is made once, here, from public halves only. A set of secrets
// has nothing to publish, which is an error.
func Handler(s *Set) (http.Handler, error) {
	if s == nil {
		return nil, errors.New("jwks: nil set")
	}
	body, err := publicSet(s.keys)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	return &handler{
		body:         body,
		etag:         `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`,
		cacheControl: fmt.Sprintf("public, max-age=%d", int(MaxAge.Seconds())),
	}, nil
}

func publicSet(keys []*Key) ([]byte, error) {
	var set struct {
		Keys []publicJWK `json:"keys"`
	}
	for _, k := range keys {
		if _, secret := k.verifier().([]byte); secret {
			continue
		}
		public, err := publicHalf(k.verifier())
		if err != nil {
			return nil, fmt.Errorf("jwks: %w", err)
		}
		public.Kid, public.Alg, public.Use = k.id, k.algorithm, "sig"
		set.Keys = append(set.Keys, public)
	}
	if set.Keys == nil {
		return nil, errors.New("jwks: set without a public key: secrets cannot be published")
	}
	return json.Marshal(set)
}

type handler struct {
	body               []byte
	etag, cacheControl string
}

// ServeHTTP sends the document, or nothing if the client has it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMethodNotAllowed)
		_, _ = io.WriteString(w, `{"type": "not_allowed", "message": "Method Not Allowed"}`)
		return
	}
	header.Set("Content-Type", "application/jwk-set+json") // RFC 7517, section 8.5
	header.Set("Cache-Control", h.cacheControl)
	header.Set("ETag", h.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.body))
}
