package authtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// copies is below what nothing fails: where redirects and [OtherHost] lead to.
const copies = "/elsewhere"

func (i *Issuer) keysPath() string { return i.path + "/jwks" }

// OpenID Connect Discovery 1.0, section 4, puts the path of the identifier before its own, RFC 8414, section 3.1, after it.
func (i *Issuer) openIDPath() string { return i.path + "/.well-known/openid-configuration" }
func (i *Issuer) oauthPath() string  { return "/.well-known/oauth-authorization-server" + i.path }

// find returns the endpoint at a path, nil if there is none, and whether it is a copy.
func (i *Issuer) find(path string) (at *endpoint, isCopy bool) {
	switch path {
	case i.keysPath():
		return &i.keys, false
	case i.openIDPath(), i.oauthPath():
		return &i.discovery, false
	}
	if original, ok := strings.CutPrefix(path, copies); ok {
		at, _ = i.find(original)
	}
	return at, true
}

// answer returns what r gets, over a connection or in memory. With an error the connection is closed instead.
func (i *Issuer) answer(r *http.Request) (*http.Response, error) {
	at, isCopy := i.find(r.URL.Path)
	if at == nil {
		return notFound.response(), nil
	}
	at.requests.Add(1)
	fault := Well
	if !isCopy {
		var err error
		if fault, err = i.await(r.Context(), at); err != nil {
			return nil, err
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return notAllowed.response(), nil
	}
	res := i.failing(r, at, fault)
	if r.Method == http.MethodHead {
		res.Body = http.NoBody
	}
	return res, nil
}

var (
	errDown  = errors.New("authtest: connection closed by the issuer")
	errEnded = errors.New("authtest: connection closed by the issuer, whose test has ended")
)

// await returns the fault of an endpoint, once that is none that leaves the client without an answer.
func (i *Issuer) await(ctx context.Context, at *endpoint) (Fault, error) {
	for {
		i.mu.Lock()
		fault, changed := at.fault, i.changed
		i.mu.Unlock()
		switch fault {
		case Hanging:
			select {
			case <-changed:
			case <-ctx.Done():
				return "", ctx.Err()
			case <-i.ended:
				return "", errEnded
			}
		case Down:
			return "", errDown
		default:
			return fault, nil
		}
	}
}

// good returns the document at an endpoint as a good issuer sends it: all of it, once, with what caches want to know.
func (i *Issuer) good(r *http.Request, at *endpoint, fault Fault) *http.Response {
	text, contentType := i.metadata(fault), "application/json"
	if at == &i.keys {
		text, contentType = i.keysServed(), "application/jwk-set+json"
	}
	if i.isOff(r.URL.Path) {
		return notFound.response()
	}
	w := httptest.NewRecorder()
	sum := sha256.Sum256([]byte(text))
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"`)
	w.Header().Set("Content-Type", contentType)
	if at == &i.keys && i.options.CacheControl != "" {
		w.Header().Set("Cache-Control", i.options.CacheControl)
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	return w.Result()
}

func (i *Issuer) isOff(path string) bool {
	path = strings.TrimPrefix(path, copies)
	return i.options.NoOpenID && path == i.openIDPath() || i.options.NoOAuth && path == i.oauthPath()
}

func (i *Issuer) keysServed() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.served != "" {
		return i.served
	}
	return i.document
}

// metadata returns the discovery document, with what both standards require.
func (i *Issuer) metadata(fault Fault) string {
	issuer, keys := i.URL(), i.KeysURL()
	switch fault {
	case WrongIssuer:
		issuer = i.elsewhere + i.options.Path
	case OtherHost:
		keys = i.elsewhere + copies + i.keysPath()
	}
	text, err := json.Marshal(map[string]any{
		"issuer":                                issuer,
		"jwks_uri":                              keys,
		"authorization_endpoint":                i.base + i.path + "/authorize",
		"token_endpoint":                        i.base + i.path + "/token",
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{i.options.Algorithm},
	})
	if err != nil {
		panic("authtest: " + err.Error()) // cannot be: only strings
	}
	return string(text)
}
