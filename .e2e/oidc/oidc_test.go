package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// begin returns where the site sends a browser to.
func (s *site) begin(t *testing.T, b browser, method string) string {
	t.Helper()
	a := s.ask(t, b, http.MethodPost, method, url.Values{"callback_url": {"https://shop.example/admin/callback"}})
	if a.Status != http.StatusOK || a.Location == "" {
		t.Fatalf("%s: %+v", method, a)
	}
	return a.Location
}

// A world is a site and the issuer that its methods trust.
type world struct {
	*site
	issuer string
}

func (w world) browser(t *testing.T) browser { return newBrowser(t, w.Client().Transport) }

// TestLogIn has people log in at a real provider, and everything changed on the way that can be.
func TestLogIn(t *testing.T) {
	issuer := serve(t, install(t))
	w := world{newSite(t, issuer), issuer}
	for _, method := range []string{"basic", "post", "public", "pss"} {
		t.Run(method, func(t *testing.T) { w.logsIn(t, method) })
	}
	t.Run("two methods are two accounts", w.twoAccounts)
	t.Run("not verified there", w.notVerified)
	t.Run("denied", w.denied)
	t.Run("changed on the way", w.changed)
	t.Run("in another browser", w.elsewhere)
	t.Run("another callback URL", w.otherCallback)
	t.Run("faults", w.faults)
	t.Run("log", w.log)
}

func (w world) logsIn(t *testing.T, method string) {
	b := w.browser(t)
	location := w.begin(t, b, method)
	check(t, location, strings.HasPrefix(location, w.issuer+"/auth?"), true)
	first := w.ask(t, b, http.MethodGet, method+"/callback", b.logIn(t, location, "ann"))
	check(t, "status", first.Status, 200)
	ann := w.identity(t, first.Token)
	way, ok := ann.By(method, "ann")
	check(t, "is ann", ok, true)
	email, name := way.UserMetadata.Get("email"), way.UserMetadata.Get("name")
	asked := method == "basic" // which has the scopes
	check(t, "identifier", way.Identifier, map[bool]string{true: "ann@example.com", false: "ann"}[asked])
	check(t, "verified", !way.VerifiedAt.IsZero(), asked)
	check(t, "address", email, map[bool]any{true: "ann@example.com"}[asked])
	check(t, "name", name, map[bool]any{true: "ann of the tests"}[asked])
	check(t, "secret", way.Secret.Reveal(), "")
	check(t, "fresh", auth.Fresh(time.Minute, "oidc")(nil, w.who(t, first.Token)) == nil, method == "pss") // which has a MaxAge

	// The second time she is known: to the provider by its cookie, and to the site.
	second := w.ask(t, b, http.MethodPost, method+"/callback", b.logIn(t, w.begin(t, b, method), "ann"))
	check(t, "status", second.Status, 200)
	check(t, "the same identity", w.identity(t, second.Token).ID, ann.ID)
	check(t, "another session", second.Token != first.Token, true)
}

func (w world) twoAccounts(t *testing.T) {
	one, oneErr := w.service.Find(t.Context(), "basic", "ann")
	two, twoErr := w.service.Find(t.Context(), "post", "ann")
	check(t, "found", oneErr == nil && twoErr == nil, true)
	check(t, "another identity", one.ID != two.ID, true)
}

func (w world) notVerified(t *testing.T) {
	b := w.browser(t)
	a := w.ask(t, b, http.MethodGet, "basic/callback", b.logIn(t, w.begin(t, b, "basic"), "eve"))
	way, _ := w.identity(t, a.Token).By("basic", "eve")
	check(t, "identifier", way.Identifier, "eve@example.com")
	check(t, "verified", way.VerifiedAt.IsZero(), true)
}

func (w world) denied(t *testing.T) {
	b := w.browser(t)
	brought := b.logIn(t, w.begin(t, b, "basic"), "")
	check(t, "error", brought.Get("error"), "access_denied")
	check(t, "answer", w.ask(t, b, http.MethodGet, "basic/callback", brought),
		answer{Status: 401, Type: "unauthorized", Message: "The provider did not confirm the log-in"})
}

// changed alters what a browser brings back. It is refused, and if the state was good, that is used up.
func (w world) changed(t *testing.T) {
	other := w.browser(t)
	foreign := other.logIn(t, w.begin(t, other, "basic"), "bob")
	for name, tt := range map[string]struct {
		change func(v url.Values)
		then   int // what the same gets as it was
	}{
		"a code of another flow":     {func(v url.Values) { v["code"] = foreign["code"] }, 401},
		"a code that is none":        {func(v url.Values) { v.Set("code", "none") }, 401},
		"no code":                    {func(v url.Values) { v.Del("code") }, 401},
		"no issuer":                  {func(v url.Values) { v.Del("iss") }, 401},
		"another issuer":             {func(v url.Values) { v.Set("iss", "https://evil.example") }, 401},
		"no state":                   {func(v url.Values) { v.Del("state") }, 200},
		"a state of another browser": {func(v url.Values) { v["state"] = foreign["state"] }, 200},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.browser(t)
			brought := b.logIn(t, w.begin(t, b, "basic"), "ann")
			good := url.Values{"code": brought["code"], "state": brought["state"], "iss": brought["iss"]}
			tt.change(brought)
			a := w.ask(t, b, http.MethodGet, "basic/callback", brought)
			check(t, "status", a.Status, 401)
			check(t, "token", a.Token, "")
			check(t, "as it was", w.ask(t, b, http.MethodGet, "basic/callback", good).Status, tt.then)
		})
	}
}

func (w world) elsewhere(t *testing.T) {
	b := w.browser(t)
	brought := b.logIn(t, w.begin(t, b, "basic"), "ann")
	check(t, "another's", w.ask(t, w.browser(t), http.MethodGet, "basic/callback", brought).Status, 401)
	check(t, "by another method", w.ask(t, b, http.MethodGet, "post/callback", brought).Status, 401)
	check(t, "one's own", w.ask(t, b, http.MethodGet, "basic/callback", brought).Status, 200)
	check(t, "again", w.ask(t, b, http.MethodGet, "basic/callback", brought).Status, 401)
}

func (w world) otherCallback(t *testing.T) {
	a := w.ask(t, w.browser(t), http.MethodGet, "basic", url.Values{"callback_url": {"https://evil.example/callback"}})
	check(t, "answer", a, answer{
		Status: 400, Type: "invalid_data", Message: "Invalid request: Field 'callback_url' is not one of those that are allowed",
	})
}

// faults: a client that the provider does not know is a mistake here, a provider that does not answer as it should is down.
func (w world) faults(t *testing.T) {
	b := w.browser(t)
	a := w.ask(t, b, http.MethodGet, "wrong/callback", b.logIn(t, w.begin(t, b, "wrong"), "ann"))
	check(t, "a wrong secret", a, answer{Status: 500, Type: "internal", Message: "Internal Server Error"})
	for _, method := range []string{"down", "slash"} {
		a := w.ask(t, b, http.MethodPost, method, nil)
		check(t, method, a, answer{Status: 503, Type: "unavailable", Message: "Service Unavailable"})
	}
}

// log looks at what all the others have left in the log.
func (w world) log(t *testing.T) {
	text := w.site.log.String()
	check(t, "what was refused", strings.Contains(text, "answer of another issuer"), true)
	for _, never := range []string{secret, "evil.example", "access_denied", "code=", "state_"} {
		check(t, never+" in the log", strings.Contains(text, never), false)
	}
}
