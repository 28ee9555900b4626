package login_test

import (
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
	"github.com/countersign-go/countersign/auth/token"
)

// The provider of the Examples is one that may be copied.
func TestPinCard(t *testing.T) {
	good := func() logintest.Fields { return logintest.Fields{"number": token.NewID(), "bits": token.NewID()} }
	logintest.TestProvider(t, pinCard{}, logintest.Requests{
		Account: func() (login.ProviderIdentity, logintest.Fields) {
			f := good()
			return login.ProviderIdentity{
				EntityID: f["number"].(string), Secret: token.NewSecret(cardDigest(f["bits"].(string))),
			}, f
		},
		Unknown: good,
		Bad: map[string]func(logintest.Fields) logintest.Fields{
			"other bits": func(f logintest.Fields) logintest.Fields { return f.With("bits", token.NewID()) },
		},
		Secret: []string{"bits"},
		Register: func() (register, next logintest.Fields) {
			f := good()
			return f, f
		},
	})
}
