package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
)

// An account is one at the issuer of a test, with what the issuer says of whoever logs in.
type account struct {
	*authtest.Issuer
	claims map[string]any // of the next ID token
}

// logIn does what somebody does on the issuer's pages, at the location that a log-in was answered with. It returns what the
// browser brings back, as the query of the callback.
func (a *account) logIn(location, sub string) (url.Values, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	a.claims = map[string]any{"sub": sub, "nonce": u.Query().Get("nonce")} // "email" and others as well, if Scopes ask for them
	return url.Values{"state": {u.Query().Get("state")}, "code": {"a code"}}, nil
}

// RoundTrip is the issuer with a token endpoint.
func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.String() != a.URL()+"/token" {
		return a.Transport().RoundTrip(r)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(map[string]any{
		"access_token": "of no use here", "token_type": "Bearer",
		"id_token": a.TokenWith(map[string]any{"typ": "JWT"}, a.claims), // an access token has another typ
	})
	return w.Result(), err
}

// A log-in by an issuer that nobody needs to reach, in a test of one's own server. An [authtest.Issuer] signs the ID tokens
// and publishes the keys; pages and a token endpoint it has none, which the test adds.
func ExampleConfig_test() {
	_ = testStaff
	// Output:
}

func testStaff(t *testing.T) {
	issuer := &account{Issuer: authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true, Audience: "shop"})}
	staff, err := oidc.New(oidc.Config{
		Issuer: issuer.URL(), ClientID: "shop", CallbackURLs: []string{"https://shop.example/callback"}, Transport: issuer,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer staff.Close()
	ann := newShop(map[string]login.Provider{"staff": staff}).visitor() // the server that is tested, and a browser with cookies

	_, location := ann.ask("staff", nil) // GET /auth/customer/staff
	query, err := issuer.logIn(location, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := ann.ask("staff/callback", query); status != http.StatusOK {
		t.Errorf("got %d from the callback", status)
	}
}
