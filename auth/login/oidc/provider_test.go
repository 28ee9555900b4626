package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAuthenticate: what the browser is sent with.
func TestAuthenticate(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *oidc.Config)
		fields url.Values
		want   url.Values // of what is asked for, but for what is random
	}{
		"as it is by default": {func(*oidc.Config) {}, nil, url.Values{"scope": {"openid"}, "redirect_uri": {callbackURL}}},
		"another callback URL": {func(*oidc.Config) {}, url.Values{"callback_url": {otherURL}},
			url.Values{"scope": {"openid"}, "redirect_uri": {otherURL}}},
		"scopes": {func(c *oidc.Config) { c.Scopes = []string{"openid", "email", "profile"} }, nil,
			url.Values{"scope": {"openid email profile"}, "redirect_uri": {callbackURL}}},
		"how people log in there": {func(c *oidc.Config) { c.MaxAge, c.ACRValues = 90*time.Second, []string{"mfa", "phr"} }, nil,
			url.Values{"scope": {"openid"}, "redirect_uri": {callbackURL}, "max_age": {"90"}, "acr_values": {"mfa phr"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w world) {
				location := must(url.Parse(must(w.start(t.Context(), tt.fields))))
				asked := location.Query()
				for _, random := range []string{"state", "nonce", "code_challenge"} {
					check(t, random, len(asked.Get(random)) >= 26, true)
					asked.Del(random)
				}
				tt.want.Set("response_type", "code")
				tt.want.Set("client_id", clientID)
				tt.want.Set("code_challenge_method", "S256")
				check(t, "query", asked.Encode(), tt.want.Encode())
				location.RawQuery = ""
				check(t, "endpoint", location.String(), w.URL()+"/authorize")
			}, tt.change)
		})
	}
}

// An endpoint may have a query of its own (RFC 6749, section 3.1).
func TestAuthenticateQuery(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		w.metadata = object{"authorization_endpoint": w.URL() + "/authorize?tenant=a"}
		location := must(w.start(t.Context(), nil))
		check(t, location, strings.HasPrefix(location, w.URL()+"/authorize?tenant=a&client_id=shop&"), true)
	})
}

// Nothing of one flow is in another.
func TestAuthenticateIsFresh(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		seen := map[string]bool{}
		for range 100 {
			asked := must(url.Parse(must(w.start(t.Context(), nil)))).Query()
			for _, random := range []string{"state", "nonce", "code_challenge"} {
				check(t, random, seen[asked.Get(random)], false)
				seen[asked.Get(random)] = true
			}
		}
		check(t, "requests for metadata", w.DiscoveryRequests(), 1)
	})
}

var everything = object{
	"email": "Ann@Example.com", "email_verified": true, "name": "Ann Ōtsuka", "given_name": "Ann", "family_name": "Ōtsuka",
	"preferred_username": "ann", "picture": "https://pictures.example/ann.png", "phone_number": "+1", "groups": []string{"g"},
}

var vouched = map[string]struct {
	claims, userInfo object
	want             login.Outcome // but for UserMetadata
	metadata         string
}{
	"an ID alone": {want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"all there is": {claims: everything,
		want: login.Outcome{EntityID: "user-1", Identifier: "Ann@Example.com", VerifiedEmail: "Ann@Example.com"},
		metadata: `{"email":"Ann@Example.com","name":"Ann Ōtsuka","given_name":"Ann","family_name":"Ōtsuka",` +
			`"preferred_username":"ann","picture":"https://pictures.example/ann.png"}`},
	"a name": {claims: object{"name": "Ann"}, want: login.Outcome{EntityID: "user-1", Identifier: "Ann"}, metadata: `{"name":"Ann"}`},
	"an address that is not verified": {claims: object{"email": "ann@example.com", "email_verified": false},
		want: login.Outcome{EntityID: "user-1", Identifier: "ann@example.com"}, metadata: `{"email":"ann@example.com"}`},
	"an address that is said to be verified in another type": {claims: object{"email": "ann@example.com", "email_verified": "true"},
		want: login.Outcome{EntityID: "user-1", Identifier: "ann@example.com"}, metadata: `{"email":"ann@example.com"}`},
	"verified, but what": {claims: object{"email_verified": true}, want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"no address":         {claims: object{"email": "ann", "email_verified": true}, want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"two addresses": {claims: object{"email": "ann@example.com, bob@example.com", "email_verified": true},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"an address in another": {claims: object{"email": "ann@example.com@evil.example", "email_verified": true},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"an address with what nobody sees": {claims: object{"email": "an\u200bn@example.com", "email_verified": true},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"an address from right to left": {claims: object{"email": "ann\u202e@example.com", "email_verified": true},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"other types": {claims: object{"email": 1, "name": []string{"Ann"}, "picture": nil, "given_name": object{}},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"too long": {claims: object{"name": strings.Repeat("a", 257), "email": strings.Repeat("a", 254) + "@example.com"},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"control characters": {claims: object{"name": "Ann\nBob", "email": "ann@example.com\x00"},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"pictures that are scripts": {claims: object{"picture": "javascript:alert(1)", "name": "Ann"},
		want: login.Outcome{EntityID: "user-1", Identifier: "Ann"}, metadata: `{"name":"Ann"}`},
	"pictures that anybody on the way sees": {claims: object{"picture": "http://pictures.example/ann.png"},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"pictures that are scripts with a host": {claims: object{"picture": "javascript://pictures.example/%0aalert(1)"},
		want: login.Outcome{EntityID: "user-1"}, metadata: `{}`},
	"the userinfo endpoint": {userInfo: changed(everything, object{"sub": "user-1"}),
		want: login.Outcome{EntityID: "user-1", Identifier: "Ann@Example.com", VerifiedEmail: "Ann@Example.com"},
		metadata: `{"email":"Ann@Example.com","name":"Ann Ōtsuka","given_name":"Ann","family_name":"Ōtsuka",` +
			`"preferred_username":"ann","picture":"https://pictures.example/ann.png"}`},
	"the userinfo endpoint fills in": {claims: object{"email": "ann@example.com", "name": "Ann"},
		userInfo: object{"sub": "user-1", "email": "bob@example.com", "email_verified": true, "name": "Bob", "given_name": "Ann"},
		want:     login.Outcome{EntityID: "user-1", Identifier: "ann@example.com"},
		metadata: `{"email":"ann@example.com","name":"Ann","given_name":"Ann"}`},
}

func TestCallback(t *testing.T) {
	for name, tt := range vouched {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w world) {
				w.claims = tt.claims
				w.metadata = object{"userinfo_endpoint": w.URL() + "/userinfo"}
				w.op.userInfo = func(rw http.ResponseWriter, r *http.Request) {
					check(t, "Authorization", strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "), true)
					writeJSON(rw, http.StatusOK, tt.userInfo)
				}
				got, err := w.visit(t.Context(), w.op)
				check(t, "error", verdict(err), "ok")
				check(t, "metadata", string(must(got.UserMetadata.MarshalJSON())), tt.metadata)
				check(t, "kept metadata stay", got.UserMetadata.IsZero(), tt.metadata == "{}")
				check(t, "entity", got.EntityID, tt.want.EntityID)
				check(t, "identifier", got.Identifier, tt.want.Identifier)
				check(t, "verified address", got.VerifiedEmail, tt.want.VerifiedEmail)
				check(t, "made if new", got.Create, true)
				check(t, "secret", got.Secret.Reveal(), "")
				check(t, "location", got.Location, "")
				check(t, "method", got.Method, "")
			}, func(c *oidc.Config) { c.UserInfo = tt.userInfo != nil })
		})
	}
}

// TestTokenRequest: what the token endpoint is asked.
func TestTokenRequest(t *testing.T) {
	const basic = "Basic c2hvcDpodW50ZXIyK29mK3RoZStzaG9w" // both form-encoded (RFC 6749, section 2.3.1)
	for name, tt := range map[string]struct {
		change   func(c *oidc.Config)
		methods  any
		header   string
		id, text string
	}{
		"basic by default":      {func(*oidc.Config) {}, nil, basic, "", ""},
		"basic of both":         {func(*oidc.Config) {}, []string{"client_secret_post", "client_secret_basic"}, basic, "", ""},
		"post if there is only": {func(*oidc.Config) {}, []string{"none", "client_secret_post"}, "", clientID, clientSecret},
		"post as configured":    {func(c *oidc.Config) { c.AuthMethod = oidc.ClientSecretPost }, nil, "", clientID, clientSecret},
		"basic as configured":   {func(c *oidc.Config) { c.AuthMethod = oidc.ClientSecretBasic }, []string{"private_key_jwt"}, basic, "", ""},
		"a public client":       {func(c *oidc.Config) { c.ClientSecret = token.Secret{} }, nil, "", clientID, ""},
		"a public client, named": {func(c *oidc.Config) { c.ClientSecret, c.AuthMethod = token.Secret{}, oidc.NoSecret },
			[]string{"client_secret_basic"}, "", clientID, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w world) {
				w.metadata = object{"token_endpoint_auth_methods_supported": tt.methods}
				location := must(w.start(t.Context(), url.Values{"callback_url": {otherURL}}))
				_, err := w.finish(t.Context(), w.logIn(location))
				check(t, "error", verdict(err), "ok")
				check(t, "Authorization", w.last.Header.Get("Authorization"), tt.header)
				check(t, "client_id", w.last.PostForm.Get("client_id"), tt.id)
				check(t, "client_secret", w.last.PostForm.Get("client_secret"), tt.text)
				check(t, "redirect_uri", w.last.PostForm.Get("redirect_uri"), otherURL)
				check(t, "grant_type", w.last.PostForm.Get("grant_type"), "authorization_code")
				check(t, "verifier", len(w.last.PostForm.Get("code_verifier")), 43)
				check(t, "query", w.last.URL.RawQuery, "")
				check(t, "Accept", w.last.Header.Get("Accept"), "application/json")
			}, tt.change)
		})
	}
}

func TestCallbackURLs(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		for _, other := range []string{
			callbackURL + "/", callbackURL + "?", callbackURL + "#", "HTTPS://shop.example/callback", "https://shop.example:443/callback",
			"https://shop.example/%63allback", "https://shop.example/callback?of=admin", "https://shop.example.evil.example/callback",
			"//shop.example/callback", "/callback", "https://shop.example\\@evil.example/callback", " " + callbackURL, callbackURL + "\n",
			"javascript:alert(1)", "https://evil.example/", callbackURL + " " + otherURL, strings.Repeat("a", 1<<20),
		} {
			location, err := w.start(t.Context(), url.Values{"callback_url": {other}})
			check(t, other, verdict(err), "400 Invalid request: Field 'callback_url' is not one of those that are allowed")
			check(t, other, location, "")
		}
		_, err := w.start(t.Context(), url.Values{"callback_url": {callbackURL, otherURL}})
		check(t, "twice", verdict(err), "400 Invalid request: Field 'callback_url' must be a string")
		check(t, "states", len(w.states), 0)
	})
}

func TestTooLong(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		for _, name := range []string{"state", "code", "error", "iss"} {
			_, err := w.finish(t.Context(), url.Values{name: {strings.Repeat("a", 4<<10+1)}})
			check(t, name, verdict(err), "400 Invalid request: Field '"+name+"' is too long")
		}
		check(t, "states taken", w.taken, 0)
	})
}

// A Request that no Service made is refused, and the error of a Service is passed on.
func TestNoService(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		for _, ask := range []func() (login.Outcome, error){
			func() (login.Outcome, error) { return w.Authenticate(t.Context(), &login.Request{}) },
			func() (login.Outcome, error) { return w.Callback(t.Context(), &login.Request{}) },
		} {
			got, err := ask()
			check(t, "error", err.Error(), "login: a Request that no Service made")
			check(t, "location", got.Location, "")
		}
	})
}
