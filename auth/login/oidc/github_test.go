package oidc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
)

// A hub is what GitHub answers with, in memory.
type hub struct {
	config              oidc.Config
	token, user, emails any
	status              map[string]int // of a path, if it is not 200
	asked               []string       // paths, each with its Authorization
	last                url.Values     // that the token endpoint was sent
}

func newHub() *hub {
	h := &hub{
		token: object{"access_token": "gho_1", "token_type": "bearer", "scope": "user:email"},
		user: object{
			"id": 583231, "login": "octocat", "name": "The Octocat", "email": "public@example.com",
			"avatar_url": "https://avatars.githubusercontent.com/u/583231", "type": "User",
		},
		emails: []object{
			{"email": "old@example.com", "primary": false, "verified": true},
			{"email": "Octocat@Example.com", "primary": true, "verified": true, "visibility": "private"},
		},
		status: map[string]int{},
	}
	h.config = oidc.Config{
		ClientID: clientID, ClientSecret: token.NewSecret(clientSecret), CallbackURLs: []string{callbackURL}, Logger: discardLogger,
		Transport: h,
	}
	return h
}

// RoundTrip answers a request.
func (h *hub) RoundTrip(r *http.Request) (*http.Response, error) {
	where := r.URL.String()
	h.asked = append(h.asked, where+" "+r.Header.Get("Authorization"))
	answer, ok := map[string]any{
		"https://github.com/login/oauth/access_token": h.token, "https://api.github.com/user": h.user,
		"https://api.github.com/user/emails": h.emails,
	}[where]
	if !ok {
		return nil, fmt.Errorf("%s is not GitHub's", where)
	}
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		h.last = r.PostForm
	}
	return serve(answering(max(h.status[r.URL.Path], http.StatusOK), answer), r)
}

func (h *hub) visit(t *testing.T, changes ...func(url.Values)) (login.Outcome, error) {
	t.Helper()
	p := must(oidc.GitHub(h.config))
	defer func() { check(t, "Close", p.Close(), nil) }()
	b := newBrowser(p)
	location := must(url.Parse(must(b.start(t.Context(), nil))))
	answer := url.Values{"code": {"c"}, "state": {location.Query().Get("state")}}
	for _, change := range changes {
		change(answer)
	}
	return b.finish(t.Context(), answer)
}

func TestGitHub(t *testing.T) {
	h := newHub()
	p := must(oidc.GitHub(h.config))
	location := must(url.Parse(must(newBrowser(p).start(t.Context(), nil))))
	asked := location.Query()
	check(t, "endpoint", location.Scheme+"://"+location.Host+location.Path, "https://github.com/login/oauth/authorize")
	check(t, "scope", asked.Get("scope"), "user:email")
	check(t, "PKCE", asked.Get("code_challenge_method")+fmt.Sprint(len(asked.Get("code_challenge"))), "S25643")
	check(t, "nonce", asked.Has("nonce"), false)
	check(t, "asked", len(h.asked), 0)

	got, err := h.visit(t, func(v url.Values) { v.Set("iss", "https://github.com/login/oauth") })
	check(t, "error", verdict(err), "ok")
	check(t, "entity", got.EntityID, "583231")
	check(t, "identifier", got.Identifier, "Octocat@Example.com")
	check(t, "verified address", got.VerifiedEmail, "Octocat@Example.com")
	check(t, "made if new", got.Create, true)
	check(t, "metadata", string(must(got.UserMetadata.MarshalJSON())), `{"email":"Octocat@Example.com","name":"The Octocat",`+
		`"preferred_username":"octocat","picture":"https://avatars.githubusercontent.com/u/583231"}`)
	check(t, "asked", strings.Join(h.asked, "\n"), "https://github.com/login/oauth/access_token \n"+
		"https://api.github.com/user Bearer gho_1\nhttps://api.github.com/user/emails Bearer gho_1")
	check(t, "secret", h.last.Get("client_secret"), clientSecret)
	check(t, "verifier", len(h.last.Get("code_verifier")), 43)
	check(t, "redirect_uri", h.last.Get("redirect_uri"), callbackURL)
}

func TestGitHubAnswers(t *testing.T) {
	const user, emails = "/user", "/user/emails"
	for name, tt := range map[string]struct {
		change     func(h *hub)
		want       string
		identifier string
		verified   string
	}{
		"no name": {func(h *hub) { h.user = object{"id": 1, "login": "octocat", "name": nil} }, "ok", "Octocat@Example.com", "Octocat@Example.com"},
		"no verified address": {func(h *hub) { h.emails = []object{{"email": "a@example.com", "primary": true, "verified": false}} },
			"ok", "octocat", ""},
		"no primary address": {func(h *hub) { h.emails = []object{{"email": "a@example.com", "primary": false, "verified": true}} },
			"ok", "octocat", ""},
		"verified in another type": {func(h *hub) { h.emails = []object{{"email": "a@example.com", "primary": true, "verified": "true"}} },
			"ok", "octocat", ""},
		"no address":             {func(h *hub) { h.emails = []object{} }, "ok", "octocat", ""},
		"no scope for addresses": {func(h *hub) { h.config.Scopes, h.emails = []string{"read:user"}, nil }, "ok", "octocat", ""},
		"a bad code":             {func(h *hub) { h.token = object{"error": "bad_verification_code", "error_description": "canary"} }, rejected, "", ""},
		"a bad secret":           {func(h *hub) { h.token = object{"error": "incorrect_client_credentials"} }, "500", "", ""},
		"another callback URL":   {func(h *hub) { h.token = object{"error": "redirect_uri_mismatch"} }, "500", "", ""},
		"no token":               {func(h *hub) { h.token = object{} }, unavailable, "", ""},
		"user: 401":              {func(h *hub) { h.status[user] = 401 }, unavailable, "", ""},
		"user: 500":              {func(h *hub) { h.status[user] = 500 }, unavailable, "", ""},
		"user: 429":              {func(h *hub) { h.status[user] = 429 }, unavailable, "", ""},
		"user: a list":           {func(h *hub) { h.user = []int{1} }, unavailable, "", ""},
		"addresses: 404":         {func(h *hub) { h.status[emails] = 404 }, unavailable, "", ""},
		"addresses: an object":   {func(h *hub) { h.emails = object{} }, unavailable, "", ""},
		"addresses: of texts":    {func(h *hub) { h.emails = []string{"a@example.com"} }, unavailable, "", ""},
		"too much":               {func(h *hub) { h.user = object{"id": 1, "bio": strings.Repeat("a", 1<<20)} }, unavailable, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub()
			tt.change(h)
			got, err := h.visit(t)
			check(t, "error", verdict(err), tt.want)
			check(t, "identifier", got.Identifier, tt.identifier)
			check(t, "verified address", got.VerifiedEmail, tt.verified)
			check(t, "entity", got.EntityID != "", tt.want == "ok")
		})
	}
	h := newHub()
	_, err := h.visit(t, func(v url.Values) { v.Set("iss", "https://evil.example") })
	check(t, "another's answer", verdict(err), rejected)
	check(t, "asked", len(h.asked), 0)
}

func TestGitHubMistakes(t *testing.T) {
	const foreign = "GitHub: Issuer, UserInfo, Hosts, Algorithms, MaxAge or ACRValues, which are of OpenID Connect"
	for _, tt := range []struct {
		change func(c *oidc.Config)
		want   string
	}{
		{func(c *oidc.Config) { c.Issuer = "https://github.com" }, foreign},
		{func(c *oidc.Config) { c.UserInfo = true }, foreign},
		{func(c *oidc.Config) { c.Hosts = []string{"github.example"} }, foreign},
		{func(c *oidc.Config) { c.Algorithms = []string{"RS256"} }, foreign},
		{func(c *oidc.Config) { c.MaxAge = -1 }, foreign},
		{func(c *oidc.Config) { c.ACRValues = []string{"mfa"} }, foreign},
		{func(c *oidc.Config) { c.ClientSecret = token.Secret{} }, "GitHub: no ClientSecret"},
		{func(c *oidc.Config) { c.CallbackURLs = nil }, "no CallbackURLs"},
		{func(c *oidc.Config) { c.ClientID = "" }, "no ClientID"},
	} {
		h := newHub()
		tt.change(&h.config)
		p, err := oidc.GitHub(h.config)
		check(t, fmt.Sprint(err), p == nil && strings.Contains(fmt.Sprint(err), tt.want), true)
	}
}
