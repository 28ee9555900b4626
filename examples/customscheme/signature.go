package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A signature is a scheme of requests that are signed with a secret which client and server share: the secrets by client.
//
//	Authorization: Signature CLIENT:UNIX-TIME:HEX(HMAC-SHA-256)
type signature map[string][]byte

// Challenge returns what the scheme asks for.
func (signature) Challenge() auth.Challenge {
	return auth.Challenge{Scheme: "Signature", Params: []auth.Param{{Name: "realm", Value: "orders"}}}
}

// Authenticate accepts what a client signed within the last minute.
func (s signature) Authenticate(r *http.Request) (*auth.AuthContext, error) {
	fields := r.Header["Authorization"]
	scheme, credentials, _ := strings.Cut(strings.Join(fields, ", "), " ") // two fields are one that nobody signed
	if !strings.EqualFold(scheme, "Signature") {
		return nil, auth.NoCredentials(s.Challenge())
	}
	client, rest, _ := strings.Cut(credentials, ":")
	at, signed, _ := strings.Cut(rest, ":")
	seconds, err := strconv.ParseInt(at, 10, 64)
	secret := s[client]
	if err != nil || len(secret) == 0 || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute ||
		!hmac.Equal([]byte(signed), []byte(sign(secret, client, at, r))) {
		return nil, fmt.Errorf("signature: %w", auth.ErrInvalidCredentials)
	}
	return &auth.AuthContext{Scheme: "signature", Actor: auth.Actor{Type: "client", ID: client}}, nil
}

// sign returns the signature over what must not be changed on the way.
func sign(secret []byte, client, at string, r *http.Request) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n%s", r.Method, r.Host, r.URL.RequestURI(), client, at)
	return hex.EncodeToString(mac.Sum(nil))
}
