package apikey_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

func TestNew(t *testing.T) {
	const (
		badCache  = "apikey: CacheFor is negative or more than 1 minute"
		badPrefix = "apikey: Prefix or Environment: token: prefix "
	)
	store := memory.NewAPIKeys(nil)
	tests := []struct {
		name   string
		config apikey.Config
		want   string // the error, a line for each mistake; "" is none
	}{
		{"a store is enough", apikey.Config{Store: store}, ""},
		{"a prefix of several words", apikey.Config{Store: store, Prefix: "acme_2"}, ""},
		{"a prefix and an environment", apikey.Config{Store: store, Prefix: "acme", Environment: "2_live"}, ""},
		{"an environment of 29 characters", apikey.Config{Store: store, Environment: strings.Repeat("e", 29)}, ""},
		{"a timeout", apikey.Config{Store: store, StoreTimeout: time.Nanosecond}, ""},
		{"a cache for a minute", apikey.Config{Store: store, CacheFor: time.Minute}, ""},

		{"no store", apikey.Config{}, "apikey: no Store"},
		{"a negative timeout", apikey.Config{Store: store, StoreTimeout: -1}, "apikey: StoreTimeout is negative"},
		{"a negative limit", apikey.Config{Store: store, MaxMisses: -1}, "apikey: MaxMisses is negative"},
		{"a negative lifetime", apikey.Config{Store: store, MaxLifetime: -1}, "apikey: MaxLifetime is negative"},
		{"a cache for longer", apikey.Config{Store: store, CacheFor: time.Minute + 1}, badCache},
		{"a negative cache", apikey.Config{Store: store, CacheFor: -1}, badCache},
		{"proxies by IPv4 written as IPv6", apikey.Config{Store: store, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}}, "apikey: TrustedProxies holds what is no network"},
		{"a proxy that is no network", apikey.Config{Store: store, TrustedProxies: make([]netip.Prefix, 1)}, "apikey: TrustedProxies holds what is no network"},
		{"a prefix in upper case", apikey.Config{Store: store, Prefix: "ACME"}, badPrefix + `"ACME_sk"`},
		{"a prefix with an underscore at its end", apikey.Config{Store: store, Prefix: "acme_"}, badPrefix + `"acme__sk"`},
		{"a prefix that begins with a digit", apikey.Config{Store: store, Prefix: "2k"}, badPrefix + `"2k_sk"`},
		{"an environment with two underscores", apikey.Config{Store: store, Environment: "eu__live"}, badPrefix + `"sk_eu__live"`},
		{"an environment with a hyphen", apikey.Config{Store: store, Environment: "eu-live"}, badPrefix + `"sk_eu-live"`},
		{"an environment of 30 characters", apikey.Config{Store: store, Environment: strings.Repeat("e", 30)},
			badPrefix + `"sk_` + strings.Repeat("e", 30) + `"`},
		{"a prefix that looks like a kind", apikey.Config{Store: store, Prefix: "acme_pk"}, "apikey: Prefix has sk or pk for a word"},
		{"an environment that looks like a kind", apikey.Config{Store: store, Environment: "sk"}, "apikey: Environment has sk or pk for a word"},
		{"nothing that is right", apikey.Config{Prefix: " ", Environment: "pk", MaxLifetime: -1, CacheFor: -1, StoreTimeout: -1},
			"apikey: no Store\napikey: MaxLifetime is negative\n" + badCache + "\napikey: StoreTimeout is negative\n" +
				"apikey: Environment has sk or pk for a word\n" + badPrefix + `" _sk_pk"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := apikey.New(tt.config)
			check(t, "the error", text(err), tt.want)
			check(t, "there is a manager", m != nil, tt.want == "")
		})
	}
}

func TestSpec(t *testing.T) {
	const (
		badTitle = "apikey: title is empty or not plain text"
		badOwner = "apikey: owner needs a type and an ID in plain text, of 256 bytes at most"
		badBy    = "apikey: created_by is not plain text of 1 to 256 bytes"
	)
	owner := func(kind, id string) func(*apikey.Spec) {
		return func(s *apikey.Spec) { s.Owner = auth.Actor{Type: kind, ID: id} }
	}
	title := func(title string) func(*apikey.Spec) { return func(s *apikey.Spec) { s.Title = title } }
	scopes := func(scopes ...string) func(*apikey.Spec) {
		return func(s *apikey.Spec) { s.Scopes = auth.NewSet(scopes...) }
	}
	metadata := func(object string) func(*apikey.Spec) {
		return func(s *apikey.Spec) { s.Metadata = auth.RawMetadata(object) }
	}
	publishable := func(channels ...string) func(*apikey.Spec) {
		return func(s *apikey.Spec) {
			s.Kind, s.Scopes, s.Channels = apikey.Publishable, auth.Set{}, auth.NewSet(channels...)
		}
	}
	var hundred []string
	for i := range 100 {
		hundred = append(hundred, fmt.Sprint("scope:", i))
	}
	tests := []struct {
		name   string
		change func(*apikey.Spec)
		want   string // the error, a line for each mistake; "" is none
	}{
		{"what is usual", func(*apikey.Spec) {}, ""},
		{"a title of 200 characters", title(strings.Repeat("用", 200)), ""},
		{"an owner of 256 bytes", owner(strings.Repeat("t", 256), strings.Repeat("i", 256)), ""},
		{"no scopes", scopes(), ""},
		{"all scopes", scopes("*"), ""},
		{"100 scopes", scopes(hundred...), ""},
		{"a scope of 128 bytes", scopes(strings.Repeat("s", 128)), ""},
		{"a scope with all kinds of characters", scopes("https://api.example/orders.read+write:{7}[*]~!#$%&'(),;<=>?@^_`|"), ""},
		{"an expiry ahead", func(s *apikey.Spec) { s.ExpiresAt = soon(time.Hour) }, ""},

		{"no title", title(""), badTitle},
		{"a title on two lines", title("a\nb"), badTitle},
		{"a title that rings", title("a\ab"), badTitle},
		{"a title with a NUL", title("a\x00"), badTitle},
		{"a title with a C1 control", title("a\u0085b"), badTitle},
		{"a title that is not UTF-8", title("a\xff"), badTitle},
		{"a title of 201 characters", title(strings.Repeat("用", 201)), "apikey: title has more than 200 characters"},
		{"no owner", owner("", ""), badOwner},
		{"an owner without an ID", owner("user", ""), badOwner},
		{"an owner without a type", owner("", "ann"), badOwner},
		{"an owner of 257 bytes", owner("user", strings.Repeat("i", 257)), badOwner},
		{"an owner's type of 257 bytes", owner(strings.Repeat("t", 257), "ann"), badOwner},
		{"an owner with a NUL", owner("user", "ann\x00"), badOwner},
		{"an owner that is not UTF-8", owner("user", "\xc3\x28"), badOwner},
		{"a maker on two lines", func(s *apikey.Spec) { s.CreatedBy = "a\nb" }, badBy},
		{"a maker of 257 bytes", func(s *apikey.Spec) { s.CreatedBy = strings.Repeat("a", 257) }, badBy},
		{"101 scopes", scopes(append(hundred, "one:more")...), "apikey: scopes are more than 100"},
		{"a scope of 129 bytes", scopes(strings.Repeat("s", 129)), `apikey: scopes hold "ssssssssssssssssssss", which is not a scope`},
		{"a scope of two words", scopes("a b"), `apikey: scopes hold "a b", which is not a scope`},
		{"a scope with a quotation mark", scopes(`a"b`), `apikey: scopes hold "a\"b", which is not a scope`},
		{"a scope with a backslash", scopes(`a\b`), `apikey: scopes hold "a\\b", which is not a scope`},
		{"a scope in another script", scopes("é"), `apikey: scopes hold "é", which is not a scope`},
		{"a scope that is not UTF-8", scopes("\xff"), `apikey: scopes hold "\xff", which is not a scope`},
		{"an expiry that has passed", func(s *apikey.Spec) { s.ExpiresAt = soon(-time.Second) }, "apikey: expires_at has passed"},
		{"an expiry in 1970", func(s *apikey.Spec) { s.ExpiresAt = time.Unix(0, 0) }, "apikey: expires_at has passed"},
		{"an expiry in the year 10000", func(s *apikey.Spec) { s.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "apikey: expires_at is after the year 9999"},
		{"metadata of 16 KiB", metadata(`{"a":"` + strings.Repeat("a", 16<<10-8) + `"}`), ""},
		{"metadata of 16 KiB and a byte", metadata(`{"a":"` + strings.Repeat("a", 16<<10-7) + `"}`), "apikey: metadata has more than 16384 bytes"},
		{"metadata that is a list", metadata(`[]`), "apikey: metadata is not a JSON object"},
		{"metadata that is no JSON", metadata(`{"a":`), "apikey: metadata is not a JSON object"},
		{"metadata that is not UTF-8", metadata("{\"a\":\"\xff\"}"), "apikey: metadata is not a JSON object"},
		{"another kind", func(s *apikey.Spec) { s.Kind = "public" }, "apikey: type is neither secret nor publishable"},
		{"channels of a secret key", func(s *apikey.Spec) { s.Channels = auth.NewSet("web") }, "apikey: sales_channels are for publishable keys only"},
		{"a publishable key", publishable("web"), ""},
		{"a publishable key for 100 channels", publishable(hundred...), ""},
		{"a publishable key for 101 channels", publishable(append(hundred, "one:more")...), "apikey: sales_channels are more than 100"},
		{"a channel of 257 bytes", publishable(strings.Repeat("c", 257)), `apikey: sales_channels hold "cccccccccccccccccccc", which is not plain text of 1 to 256 bytes`},
		{"a channel on two lines", publishable("a\nb"), `apikey: sales_channels hold "a\nb", which is not plain text of 1 to 256 bytes`},
		{"a publishable key with scopes", func(s *apikey.Spec) { s.Kind = apikey.Publishable }, "apikey: scopes are for secret keys only"},
		{"nothing that is right", func(s *apikey.Spec) {
			*s = apikey.Spec{CreatedBy: "\n", Scopes: auth.NewSet(" "), ExpiresAt: time.Unix(0, 0)}
		}, badTitle + "\n" + badOwner + "\n" + badBy + "\napikey: scopes hold \" \", which is not a scope\napikey: expires_at has passed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, spec := newSite(), report()
			tt.change(&spec)
			k, secret, err := s.Issue(t.Context(), spec)
			check(t, "the error", text(err), tt.want)
			check(t, "it is an outage", errors.Is(err, auth.ErrUnavailable), false)
			check(t, "there is a key", k.ID != "", tt.want == "")
			check(t, "there is a text", secret.Reveal() != "", tt.want == "")
			check(t, "writes", s.store.count("Create"), map[bool]int{true: 1}[tt.want == ""])
		})
	}
}

// The expiry of every key is bounded where the program says so, and each mistake names its field.
func TestMaxLifetime(t *testing.T) {
	tests := []struct {
		name   string
		expiry time.Duration // from now; zero is none
		want   string
	}{
		{"a key within the bound", time.Hour, ""},
		{"a key beyond it", time.Hour + time.Microsecond, "apikey: expires_at is more than 1h0m0s ahead"},
		{"a key that has expired", -time.Hour, "apikey: expires_at has passed"},
		{"a key without an expiry", 0, "apikey: expires_at is missing: a key may live for 1h0m0s at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spec := report()
				spec.ExpiresAt = map[bool]time.Time{false: soon(tt.expiry)}[tt.expiry == 0]
				_, _, err := newSiteOf(apikey.Config{MaxLifetime: time.Hour}).Issue(t.Context(), spec)
				check(t, "the error", text(err), tt.want)
				var invalid *apikey.InvalidError
				check(t, "it names the field", errors.As(err, &invalid) && invalid.Field == "expires_at", tt.want != "")
			})
		})
	}
}
