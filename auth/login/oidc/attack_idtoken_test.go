package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/login/oidc"
)

func badNonce(t *testing.T) {
	for name, nonce := range map[string]any{
		"missing": nil, "empty": "", "wrong": "AAAAAAAAAAAAAAAAAAAAAAAAAA", "a list": []string{"a"}, "a number": 1, "true": true,
	} {
		in(t, func(t *testing.T, w world) {
			w.claims = object{"nonce": nonce}
			_, err := w.visit(t.Context(), w.op)
			check(t, name, verdict(err), rejected)
		})
	}
	in(t, func(t *testing.T, w world) {
		first := must(url.Parse(must(w.start(t.Context(), nil)))).Query().Get("nonce")
		w.claims = object{"nonce": first}
		_, err := w.visit(t.Context(), w.op)
		check(t, "of another flow", verdict(err), rejected)
	})
}

func badIDToken(t *testing.T) {
	const other = "https://evil.example"
	for name, tt := range map[string]struct{ header, claims object }{
		"another issuer":                {nil, object{"iss": other}},
		"no issuer":                     {nil, object{"iss": nil}},
		"another audience":              {nil, object{"aud": "another shop"}},
		"no audience":                   {nil, object{"aud": nil}},
		"an empty audience":             {nil, object{"aud": []string{}}},
		"several audiences, no azp":     {nil, object{"aud": []string{clientID, "another shop"}}},
		"several, issued to another":    {nil, object{"aud": []string{clientID, "another shop"}, "azp": "another shop"}},
		"issued to another":             {nil, object{"azp": "another shop"}},
		"an azp that is a list":         {nil, object{"azp": []string{clientID}}},
		"no subject":                    {nil, object{"sub": nil}},
		"an empty subject":              {nil, object{"sub": ""}},
		"a subject that is a number":    {nil, object{"sub": 1}},
		"a subject that is long":        {nil, object{"sub": strings.Repeat("a", 256)}},
		"a subject with a line":         {nil, object{"sub": "user-1\n"}},
		"no iat":                        {nil, object{"iat": nil}},
		"an iat ahead":                  {nil, object{"iat": time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"no exp":                        {nil, object{"exp": nil}},
		"expired":                       {nil, object{"exp": time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)}},
		"not yet":                       {nil, object{"nbf": time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"none":                          {object{"alg": "none"}, nil},
		"a secret":                      {object{"alg": "HS256"}, nil},
		"an algorithm of another key":   {object{"alg": "RS256"}, nil},
		"another key":                   {object{"kid": "another"}, nil},
		"an access token":               {object{"typ": "at+jwt"}, nil},
		"a logout token":                {object{"typ": "logout+jwt"}, nil},
		"a key that it brings along":    {object{"jwk": object{"kty": "oct"}}, nil},
		"the hash of another":           {nil, object{"at_hash": atHash("another")}},
		"a hash that is empty":          {nil, object{"at_hash": ""}},
		"a hash of another type":        {nil, object{"at_hash": 1}},
		"bound to a key":                {nil, object{"cnf": object{"jkt": "a"}}},
		"a claim of more than a token":  {nil, object{"groups": strings.Repeat("a", 32<<10)}},
		"a date that is none":           {nil, object{"exp": "tomorrow"}},
		"another spelling of a claim":   {nil, object{"ISS": other}},
		"an iat that is not a moment":   {nil, object{"iat": -1}},
		"an audience that is an object": {nil, object{"aud": object{clientID: true}}},
	} {
		in(t, func(t *testing.T, w world) {
			w.header, w.claims = tt.header, tt.claims
			_, err := w.visit(t.Context(), w.op)
			check(t, name, verdict(err), rejected)
		})
	}
	// What is signed by anybody else, and what is no token.
	in(t, func(t *testing.T, w world) {
		forger := authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true, Audience: clientID})
		location := must(w.start(t.Context(), nil))
		claims := object{"iss": w.URL(), "nonce": must(url.Parse(location)).Query().Get("nonce")}
		w.answer = object{"id_token": forger.TokenWith(object{"typ": "JWT", "kid": w.KeyID()}, claims)}
		_, err := w.finish(t.Context(), w.logIn(location))
		check(t, "another's signature", verdict(err), rejected)
		for _, text := range []string{"a", "a.b.c", strings.Repeat("a", 900<<10)} {
			w.answer = object{"id_token": text}
			_, err := w.visit(t.Context(), w.op)
			check(t, text[:1], verdict(err), rejected)
		}
	})
}

// TestIDToken: what is good, though it differs from the usual.
func TestIDToken(t *testing.T) {
	for name, tt := range map[string]struct{ header, claims object }{
		"no typ":                {object{"typ": nil}, nil},
		"typ in lower case":     {object{"typ": "jwt"}, nil},
		"no at_hash":            {nil, object{"at_hash": nil}},
		"several audiences":     {nil, object{"aud": []string{"another shop", clientID}, "azp": clientID}},
		"one audience as list":  {nil, object{"aud": []string{clientID}}},
		"a clock that is ahead": {nil, object{"iat": time.Date(2000, 1, 1, 0, 0, 50, 0, time.UTC)}},
	} {
		in(t, func(t *testing.T, w world) {
			w.header, w.claims = tt.header, tt.claims
			got, err := w.visit(t.Context(), w.op)
			check(t, name, verdict(err), "ok")
			check(t, name, got.EntityID, "user-1")
		})
	}
}

// TestHowPeopleLogIn: max_age and acr_values are enforced, not only asked for.
func TestHowPeopleLogIn(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2000, 1, 1, 0, 0, second, 0, time.UTC) } // when a bubble begins
	for name, tt := range map[string]struct {
		claims object
		want   string
	}{
		"now":                    {object{"auth_time": at(0), "acr": "mfa"}, "ok"},
		"long ago, by a clock":   {object{"auth_time": at(-150), "acr": "phr"}, "ok"},
		"too long ago":           {object{"auth_time": at(-151), "acr": "mfa"}, rejected},
		"in the future":          {object{"auth_time": at(61), "acr": "mfa"}, rejected},
		"never":                  {object{"acr": "mfa"}, rejected},
		"no moment":              {object{"auth_time": "now", "acr": "mfa"}, rejected},
		"nothing":                {object{"auth_time": nil, "acr": "mfa"}, rejected},
		"null":                   {object{"auth_time": (*int)(nil), "acr": "mfa"}, rejected},
		"the end of the world":   {object{"auth_time": 1e300, "acr": "mfa"}, rejected},
		"the beginning":          {object{"auth_time": -1e300, "acr": "mfa"}, rejected},
		"with less":              {object{"auth_time": at(0), "acr": "pwd"}, rejected},
		"with nothing":           {object{"auth_time": at(0)}, rejected},
		"with a list of factors": {object{"auth_time": at(0), "acr": []string{"mfa"}}, rejected},
	} {
		in(t, func(t *testing.T, w world) {
			w.claims = tt.claims
			got, err := w.visit(t.Context(), w.op)
			check(t, name, verdict(err), tt.want)
			if err == nil {
				check(t, name+": method", got.Method, "oidc")
				check(t, name+": when", got.At.Equal(tt.claims["auth_time"].(time.Time)), true)
			}
		}, func(c *oidc.Config) { c.MaxAge, c.ACRValues = 90*time.Second, []string{"mfa", "phr"} })
	}
}

// TestHashes: at_hash goes with the algorithm of the ID token.
func TestHashes(t *testing.T) {
	for alg, hash := range map[string]func(access string) string{
		"ES256": atHash, "ES384": atHash384, "ES512": atHash512, "EdDSA": atHash512,
	} {
		in(t, func(t *testing.T, w world) {
			w.op.Issuer = authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true, Audience: clientID, Algorithm: alg})
			c := configOf(w.op)
			c.Algorithms = []string{alg}
			p := must(oidc.New(c))
			defer func() { check(t, "Close", p.Close(), nil) }()
			w.answer = object{"access_token": "the one"}
			for access, want := range map[string]string{"the one": "ok", "another": rejected} {
				w.claims = object{"at_hash": hash(access)}
				_, err := newBrowser(p).visit(t.Context(), w.op)
				check(t, alg, verdict(err), want)
			}
		})
	}
}

func otherUserInfo(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"the same":     {answering(http.StatusOK, object{"sub": "user-1", "email": "ann@example.com"}), "ok"},
		"another":      {answering(http.StatusOK, object{"sub": "user-2", "email": "bob@example.com"}), rejected},
		"nobody":       {answering(http.StatusOK, object{"email": "bob@example.com"}), rejected},
		"a number":     {answering(http.StatusOK, object{"sub": 1}), rejected},
		"no object":    {answering(http.StatusOK, []string{"user-1"}), unavailable},
		"refused":      {answering(http.StatusUnauthorized, object{"error": "invalid_token"}), unavailable},
		"server error": {answering(http.StatusInternalServerError, object{}), unavailable},
		"not there":    {nil, unavailable},
		"twice": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"sub":"user-2","sub":"user-1"}`))
		}, unavailable},
		"as a token": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/jwt") }, unavailable},
	} {
		in(t, func(t *testing.T, w world) {
			w.metadata, w.op.userInfo = object{"userinfo_endpoint": w.URL() + "/userinfo"}, tt.answer
			got, err := w.visit(t.Context(), w.op)
			check(t, name, verdict(err), tt.want)
			check(t, name, got.Create, tt.want == "ok")
		}, func(c *oidc.Config) { c.UserInfo = true })
	}
}
