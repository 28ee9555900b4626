package auth

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
)

// A TokenVerifier tells whom a token stands for. It knows nothing of where the token travelled: [Bearer], [Header],
// [Basic] and [Cookie] read it from a request.
//
// VerifyToken answers as [Scheme] does, but with [NoCredentials] only for a token that is good and stands for nobody, such
// as the session of a visitor: [Cookie] then leaves the cookie alone, and all others take it for a bad one. An error must
// not hold the token. It is called by many goroutines at once and may return the same AuthContext again: it is copied
// before anybody can change it.
type TokenVerifier interface {
	VerifyToken(ctx context.Context, c Credential) (*AuthContext, error)
}

// TokenVerifierFunc makes a TokenVerifier of a func.
type TokenVerifierFunc func(ctx context.Context, c Credential) (*AuthContext, error)

// VerifyToken calls f.
func (f TokenVerifierFunc) VerifyToken(ctx context.Context, c Credential) (*AuthContext, error) {
	return f(ctx, c)
}

// A Credential is a token and what else is known of the request that carried it. It prints without the token.
type Credential struct {
	Token     string               // not empty
	Remote    string               // the address of the peer, as in http.Request.RemoteAddr
	Forwarded string               // the X-Forwarded-For fields, which anybody may have written: for [Credential.ClientIP]
	TLS       *tls.ConnectionState // nil without TLS; for tokens that are bound to a client certificate
}

// ClientIP returns the address of the client that sent c, see [ClientIP].
func (c Credential) ClientIP(proxies []netip.Prefix) netip.Addr {
	return clientIP(c.Remote, c.Forwarded, proxies)
}

// Format prints c without its token.
func (c Credential) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.redacted()) }

// LogValue is c without its token.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

// MarshalText returns c without its token, for encoders of text formats such as JSON.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.redacted()), nil }

func (c Credential) redacted() string { return "credential from " + c.Remote }

// A Recognizer is a verifier that can tell by its shape whether a token is one of its own, without I/O and without
// checking it.
type Recognizer interface {
	Recognizes(token string) bool
}

// Tokens returns a verifier for tokens of several kinds that travel in the same place, such as JWTs and API keys in one
// Authorization field. The first of vs that recognizes a token decides alone; one that is no [Recognizer] takes every
// token. A token that nobody recognizes is invalid. Tokens panics if it is given no verifier or a nil one.
func Tokens(vs ...TokenVerifier) TokenVerifier {
	if len(vs) == 0 {
		panic("auth: Tokens: no verifier")
	}
	t := make(tokens, len(vs))
	for i, v := range vs {
		t[i] = mustVerifier("Tokens", v)
	}
	return t
}

type tokens []TokenVerifier

// VerifyToken asks the verifier that recognizes the token.
func (t tokens) VerifyToken(ctx context.Context, c Credential) (*AuthContext, error) {
	for _, v := range t {
		if recognizes(v, c.Token) {
			return v.VerifyToken(ctx, c)
		}
	}
	return nil, fmt.Errorf("%w: a token of no known shape", ErrInvalidCredentials)
}

// Recognizes reports whether one of the verifiers does.
func (t tokens) Recognizes(token string) bool {
	for _, v := range t {
		if recognizes(v, token) {
			return true
		}
	}
	return false
}

func recognizes(v TokenVerifier, token string) bool {
	r, ok := v.(Recognizer)
	return !ok || r.Recognizes(token)
}

func mustVerifier(caller string, v TokenVerifier) TokenVerifier {
	if v == nil {
		panic("auth: " + caller + ": nil TokenVerifier")
	}
	return v
}

// errVisitor is for a token that is good and stands for nobody.
var errVisitor = fmt.Errorf("%w: the token stands for nobody", ErrInvalidCredentials)

// verify asks v about a token of r.
func verify(v TokenVerifier, r *http.Request, token string) (*AuthContext, error) {
	ac, err := v.VerifyToken(r.Context(), newCredential(r, token))
	switch {
	case IsNoCredentials(err):
		// A token was there: if this went on, Optional would let it pass as anonymous.
		return nil, errVisitor
	case err != nil:
		return nil, err
	case ac == nil:
		return nil, errNothing
	}
	return ac, nil
}

func newCredential(r *http.Request, token string) Credential {
	return Credential{Token: token, Remote: r.RemoteAddr, Forwarded: forwarded(r), TLS: r.TLS}
}
