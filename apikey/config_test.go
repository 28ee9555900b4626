package apikey_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

func TestNew(t *testing.T) {
	store := memory.NewAPIKeys(nil)
	tests := []struct {
		name   string
		config apikey.Config
		want   string // the error, a line for each mistake; "" is none
	}{
		{"a store is enough", apikey.Config{Store: store}, ""},
		{"a prefix of several words", apikey.Config{Store: store, Prefix: "sk_live_2"}, ""},
		{"a prefix of one letter", apikey.Config{Store: store, Prefix: "k"}, ""},
		{"a prefix of 32 characters", apikey.Config{Store: store, Prefix: strings.Repeat("k", 32)}, ""},
		{"a timeout", apikey.Config{Store: store, StoreTimeout: time.Nanosecond}, ""},

		{"no store", apikey.Config{}, "apikey: no Store"},
		{"a negative timeout", apikey.Config{Store: store, StoreTimeout: -1}, "apikey: StoreTimeout is negative"},
		{"a prefix in upper case", apikey.Config{Store: store, Prefix: "SK"}, `apikey: Prefix: token: prefix "SK"`},
		{"a prefix with an underscore at its end", apikey.Config{Store: store, Prefix: "sk_"}, `apikey: Prefix: token: prefix "sk_"`},
		{"a prefix with two underscores", apikey.Config{Store: store, Prefix: "sk__live"}, `apikey: Prefix: token: prefix "sk__live"`},
		{"a prefix that begins with a digit", apikey.Config{Store: store, Prefix: "2k"}, `apikey: Prefix: token: prefix "2k"`},
		{"a prefix with a hyphen", apikey.Config{Store: store, Prefix: "sk-live"}, `apikey: Prefix: token: prefix "sk-live"`},
		{"a prefix of 33 characters", apikey.Config{Store: store, Prefix: strings.Repeat("k", 33)},
			`apikey: Prefix: token: prefix "` + strings.Repeat("k", 33) + `"`},
		{"nothing that is right", apikey.Config{Prefix: " ", StoreTimeout: -1},
			"apikey: no Store\napikey: StoreTimeout is negative\napikey: Prefix: token: prefix \" \""},
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
		badTitle = "apikey: Title is empty or not plain text"
		badOwner = "apikey: Owner needs a type and an ID in plain text, of 256 bytes at most"
		badBy    = "apikey: CreatedBy is not plain text of 256 bytes at most"
	)
	owner := func(kind, id string) func(*apikey.Spec) {
		return func(s *apikey.Spec) { s.Owner = auth.Actor{Type: kind, ID: id} }
	}
	title := func(title string) func(*apikey.Spec) { return func(s *apikey.Spec) { s.Title = title } }
	scopes := func(scopes ...string) func(*apikey.Spec) {
		return func(s *apikey.Spec) { s.Scopes = auth.NewSet(scopes...) }
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
		{"an expiry ahead", func(s *apikey.Spec) { s.ExpiresAt = soon(time.Millisecond) }, ""},

		{"no title", title(""), badTitle},
		{"a title on two lines", title("a\nb"), badTitle},
		{"a title that rings", title("a\ab"), badTitle},
		{"a title with a NUL", title("a\x00"), badTitle},
		{"a title with a C1 control", title("a\u0085b"), badTitle},
		{"a title that is not UTF-8", title("a\xff"), badTitle},
		{"a title of 201 characters", title(strings.Repeat("用", 201)), "apikey: Title has more than 200 characters"},
		{"no owner", owner("", ""), badOwner},
		{"an owner without an ID", owner("user", ""), badOwner},
		{"an owner without a type", owner("", "ann"), badOwner},
		{"an owner of 257 bytes", owner("user", strings.Repeat("i", 257)), badOwner},
		{"an owner's type of 257 bytes", owner(strings.Repeat("t", 257), "ann"), badOwner},
		{"an owner with a NUL", owner("user", "ann\x00"), badOwner},
		{"an owner that is not UTF-8", owner("user", "\xc3\x28"), badOwner},
		{"a maker on two lines", func(s *apikey.Spec) { s.CreatedBy = "a\nb" }, badBy},
		{"a maker of 257 bytes", func(s *apikey.Spec) { s.CreatedBy = strings.Repeat("a", 257) }, badBy},
		{"101 scopes", scopes(append(hundred, "one:more")...), "apikey: more than 100 Scopes"},
		{"a scope of 129 bytes", scopes(strings.Repeat("s", 129)), `apikey: Scopes holds "ssssssssssssssssssss", which is not a scope`},
		{"a scope of two words", scopes("a b"), `apikey: Scopes holds "a b", which is not a scope`},
		{"a scope with a quotation mark", scopes(`a"b`), `apikey: Scopes holds "a\"b", which is not a scope`},
		{"a scope with a backslash", scopes(`a\b`), `apikey: Scopes holds "a\\b", which is not a scope`},
		{"a scope in another script", scopes("é"), `apikey: Scopes holds "é", which is not a scope`},
		{"a scope that is not UTF-8", scopes("\xff"), `apikey: Scopes holds "\xff", which is not a scope`},
		{"an expiry that has passed", func(s *apikey.Spec) { s.ExpiresAt = soon(-time.Second) }, "apikey: ExpiresAt has passed"},
		{"an expiry in 1970", func(s *apikey.Spec) { s.ExpiresAt = time.Unix(0, 0) }, "apikey: ExpiresAt has passed"},
		{"nothing that is right", func(s *apikey.Spec) {
			*s = apikey.Spec{CreatedBy: "\n", Scopes: auth.NewSet(" "), ExpiresAt: time.Unix(0, 0)}
		}, badTitle + "\n" + badOwner + "\n" + badBy + "\napikey: Scopes holds \" \", which is not a scope\napikey: ExpiresAt has passed"},
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
