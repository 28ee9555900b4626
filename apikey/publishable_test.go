package apikey_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// newShop returns a site whose one route wants a publishable key, and says which one it was given.
func newShop(c apikey.Config) *site {
	s := newSiteOf(c)
	guard := auth.New(auth.Header("X-API-Key", s), nil)
	s.mux = http.NewServeMux()
	s.mux.Handle("/", s.Publishable(guard)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		k, ok := apikey.PublishableKey(r.Context())
		_, known := auth.FromContext(r.Context())
		fmt.Fprint(w, k.ID, " ", k.Channels, " ", ok, " ", known)
	})))
	return s
}

var (
	missingPublishable = reply{Status: 400, Body: `{"type":"not_allowed","message":"Publishable API key required in the request header: ` +
		`x-publishable-api-key. You can manage your keys in settings in the dashboard."}`, Cache: "no-store"}
	badPublishable = reply{Status: 400, Body: `{"type":"not_allowed","message":"A valid publishable key is required to proceed with the request"}`, Cache: "no-store"}
)

func issueText(t *testing.T, s *site, spec apikey.Spec) (apikey.Key, string) {
	t.Helper()
	k, secret, err := s.Issue(t.Context(), spec)
	return k, must(secret, err).Reveal()
}

// publishableFields are what requests may carry, and what is said to that.
var publishableFields = []struct {
	name  string
	lines func(t *testing.T, s *site, k apikey.Key, text string) []string
	want  reply // a zero one is that of the handler
}{
	{"a good key", func(_ *testing.T, _ *site, _ apikey.Key, text string) []string { return []string{text} }, reply{}},
	{"the text that the list shows", func(_ *testing.T, _ *site, k apikey.Key, _ string) []string { return []string{k.Text} }, reply{}},
	{"no key", func(*testing.T, *site, apikey.Key, string) []string { return nil }, missingPublishable},
	{"an empty field", func(*testing.T, *site, apikey.Key, string) []string { return []string{""} }, missingPublishable},
	{"the same key twice", func(_ *testing.T, _ *site, _ apikey.Key, text string) []string { return []string{text, text} }, badPublishable},
	{"a list", func(_ *testing.T, _ *site, _ apikey.Key, text string) []string { return []string{text + "," + text} }, badPublishable},
	{"junk", func(*testing.T, *site, apikey.Key, string) []string { return []string{"pk_x"} }, badPublishable},
	{"a key that nobody issued", func(*testing.T, *site, apikey.Key, string) []string { return []string{another("pk", token.NewID())} }, badPublishable},
	{"another text of its ID", func(_ *testing.T, _ *site, k apikey.Key, _ string) []string { return []string{another("pk", k.ID)} }, badPublishable},
	{"a secret key", func(t *testing.T, s *site, _ apikey.Key, _ string) []string {
		_, text := issueText(t, s, report())
		return []string{text}
	}, badPublishable},
	{"a secret key that says it is publishable", func(t *testing.T, s *site, _ apikey.Key, _ string) []string {
		_, text := issueText(t, s, report())
		return []string{"pk" + text[2:]}
	}, badPublishable},
	{"a revoked key", func(t *testing.T, s *site, k apikey.Key, text string) []string {
		check(t, "revoking", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
		return []string{text}
	}, badPublishable},
	{"a disabled key", func(t *testing.T, s *site, k apikey.Key, text string) []string {
		check(t, "disabling", second(s.Disable(t.Context(), k.ID, "ann")), nil)
		return []string{text}
	}, badPublishable},
	{"a key of another environment", func(t *testing.T, s *site, _ apikey.Key, _ string) []string {
		_, secret, err := must(apikey.New(apikey.Config{Store: s.store, Environment: "live"})).Issue(t.Context(), shop())
		return []string{must(secret, err).Reveal()}
	}, badPublishable},
	{"a store that is down", func(_ *testing.T, s *site, _ apikey.Key, text string) []string {
		s.store.on("Get", answering(errRefused))
		return []string{text}
	}, unavailable},
}

func TestPublishable(t *testing.T) {
	for _, tt := range publishableFields {
		for _, cacheFor := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprint(tt.name, " ", cacheFor), func(t *testing.T) {
				s := newShop(apikey.Config{CacheFor: cacheFor})
				k, text := issueText(t, s, shop())
				var lines []string
				for _, value := range tt.lines(t, s, k, text) {
					lines = append(lines, "X-Publishable-API-Key: "+value)
				}
				good := tt.want == reply{}
				want := map[bool]reply{true: {Status: 200, Body: k.ID + " app web true false"}, false: tt.want}[good]
				for range 2 {
					check(t, "the answer", s.get("/", lines...), want)
				}
				check(t, "handlers called", s.calls.Load(), map[bool]int64{true: 2}[good])
			})
		}
	}
}

// A publishable key opens no door that wants a secret one, whoever carries it.
func TestPublishableKeyIsNoSecret(t *testing.T) {
	s := newSite()
	_, secret, err := s.Issue(t.Context(), shop())
	text := must(secret, err).Reveal()
	check(t, "its form", strings.HasPrefix(text, "pk_"), true)
	for line, asks := range map[string]string{"X-API-Key: " + text: asksHeader, basic(text + ":"): asksBasic, "Authorization: Bearer " + text: asksBearer} {
		s.refused(t, "a publishable key", invalid(asks), line)
	}
	check(t, "it is recognized", s.Recognizes(text), false)
}

// A publishable key may expire, as any other.
func TestPublishableKeyExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, spec := newShop(apikey.Config{CacheFor: time.Minute}), shop()
		spec.ExpiresAt = soon(time.Second)
		_, secret, err := s.Issue(t.Context(), spec)
		line := "X-Publishable-Api-Key: " + must(secret, err).Reveal()
		check(t, "before", s.get("/", line).Status, 200)
		time.Sleep(time.Second)
		check(t, "then", s.get("/", line).Status, 400)
	})
}

// A use of a publishable key is written down with the client's address.
func TestPublishableKeyIsUsed(t *testing.T) {
	u := newUser(t, apikey.Config{})
	k, secret, err := u.Issue(t.Context(), shop())
	door := u.Publishable(auth.New(auth.Header("X-API-Key", u), nil))(handler)
	r := request("/", "X-Publishable-Api-Key: "+must(secret, err).Reveal())
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	check(t, "the status", w.Code, 200)
	check(t, "Close", u.Close(t.Context()), nil)
	check(t, "the last use", must(u.Get(t.Context(), k.ID)).LastUsed.IP.String(), "192.0.2.1")
	check(t, "without a guard", panics(func() { u.Publishable(nil) }), "apikey: Publishable: nil Guard")
	_, ok := apikey.PublishableKey(r.Context())
	check(t, "the request itself has one", ok, false)
}
