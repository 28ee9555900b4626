package logintest_test

import (
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
	"github.com/countersign-go/countersign/auth/token"
)

// In a test of a provider of one's own. What it prints is for go test -v.
func ExampleTestProvider() {
	_ = func(t *testing.T) {
		good := func() logintest.Fields { return logintest.Fields{"name": "ann-" + token.NewID(), "word": randomWord()} }
		logintest.TestProvider(t, words{}, logintest.Requests{
			Account: func() (login.ProviderIdentity, logintest.Fields) {
				f := good()
				return login.ProviderIdentity{EntityID: f["name"].(string), Secret: token.NewSecret(f["word"].(string))}, f
			},
			Unknown: good,
			Bad: map[string]func(logintest.Fields) logintest.Fields{
				"another word": func(f logintest.Fields) logintest.Fields { return f.With("word", randomWord()) },
			},
			Secret: []string{"word"},
			Register: func() (register, next logintest.Fields) {
				f := good()
				return f, f
			},
			Update: func(f logintest.Fields) (update, next logintest.Fields) {
				update = logintest.Fields{"word": randomWord()}
				return update, f.With("word", update["word"])
			},
		})
	}
	// Output:
}
