package apikey_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

// keep is one store for managers of several configurations.
var keep = memory.NewAPIKeys(nil)

// configs are configurations, by what their secret keys begin with.
var configs = map[string]apikey.Config{
	"sk":                    {Store: keep},
	"sk_live":               {Store: keep, Environment: "live"},
	"sk_test":               {Store: keep, Environment: "test"},
	"sk_2_abcdefghijklmnop": {Store: keep, Environment: "2_abcdefghijklmnop"},
	"acme_sk":               {Store: keep, Prefix: "acme"},
	"acme_sk_live":          {Store: keep, Prefix: "acme", Environment: "live"},
	"a_b_c3_sk_eu_1":        {Store: keep, Prefix: "a_b_c3", Environment: "eu_1"},
	"s_sk":                  {Store: keep, Prefix: "s"},
}

// shop is what the publishable keys of the tests are for.
func shop() apikey.Spec {
	return apikey.Spec{Kind: apikey.Publishable, Title: "the shop", Owner: ann, Channels: auth.NewSet("web", "app")}
}

// A manager takes secret keys of its own prefix and environment only, be they in one store, without a look at any other; and
// Tokens finds the right one.
func TestPrefixes(t *testing.T) {
	managers, stores, texts := map[string]*apikey.Manager{}, map[string]*tap{}, map[string]string{}
	for prefix, c := range configs {
		stores[prefix] = newTap(keep)
		c.Store = stores[prefix]
		managers[prefix] = must(apikey.New(c))
		_, secret, err := managers[prefix].Issue(t.Context(), report())
		texts[prefix] = must(secret, err).Reveal()
		_, public, err := managers[prefix].Issue(t.Context(), shop())
		texts["publishable "+prefix] = must(public, err).Reveal()
	}
	for of, text := range texts {
		for by, m := range managers {
			what, reads := of+" by "+by, stores[by].count("Get")
			_, err := m.VerifyToken(t.Context(), auth.Credential{Token: text})
			check(t, what+" is taken", err == nil, of == by)
			check(t, what+" is recognized", m.Recognizes(text), of == by)
			check(t, what+": reads of the store", stores[by].count("Get")-reads, map[bool]int{true: 1}[of == by])
			body := text[len(text)-len("_")-24-len("_")-57:]
			_, err = m.VerifyToken(t.Context(), auth.Credential{Token: by + body})
			check(t, what+" is taken under that prefix", err == nil, of == by)
			_, err = auth.Tokens(m, managers["sk_live"], managers["sk"]).VerifyToken(t.Context(), auth.Credential{Token: text})
			check(t, what+" and others is taken", err == nil, of == by || of == "sk" || of == "sk_live")
		}
	}
}

// The patterns of the package comment, which a test holds it against.
const (
	anyKey  = `(?:[a-z0-9]+_)*[sp]k_(?:[a-z0-9]+_)*[a-z2-7]{24}_[a-z2-7]{51}[aq][a-z2-7]{5}\b`
	acmeKey = `acme_[sp]k_live_[a-z2-7]{24}_[a-z2-7]{51}[aq][a-z2-7]{5}\b`
)

// A scanner for secrets finds each key as a whole, wherever it was left.
func TestPattern(t *testing.T) {
	general, own := regexp.MustCompile(anyKey), regexp.MustCompile(acmeKey)
	for prefix, c := range configs {
		m := must(apikey.New(c))
		for _, spec := range []apikey.Spec{report(), shop()} {
			_, secret, err := m.Issue(t.Context(), spec)
			key := must(secret, err).Reveal()
			for _, place := range []string{
				"KEY", "key: KEY\n", `{"api_key": "KEY"}`, "curl -u KEY: https://example.com", "K=KEY # production",
				"https://example.com/?key=KEY&a=b", "x-api-key:KEY", "(KEY)", "KEY.", "<KEY>,KEY",
			} {
				text := strings.ReplaceAll(place, "KEY", key)
				check(t, place+": found", general.FindString(text), key)
				check(t, place+": found by its prefix", own.FindString(text), map[bool]string{true: key}[prefix == "acme_sk_live"])
			}
			check(t, "after a line break as programs write it", strings.HasSuffix(general.FindString(`a\n`+key+`\n`), key), true)
			check(t, "with a character more", general.MatchString(key+"a"), false)
			check(t, "with a character less", general.MatchString(key[:len(key)-1]), false)
		}
	}
}

func TestPatternsAreInThePackageComment(t *testing.T) {
	doc := string(must(os.ReadFile("doc.go")))
	for _, pattern := range []string{anyKey, acmeKey} {
		check(t, pattern, strings.Contains(doc, "//\t"+pattern+"\n"), true)
	}
}
