package emailpass_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/login/logintest"
	"github.com/countersign-go/countersign/auth/token"
)

// The suite that every provider must pass, for accounts whose hashes are ours and for those that came along with others.
func TestSuite(t *testing.T) {
	p := newProvider(func(c *emailpass.Config) { c.ID, c.Wait = "provider", 10*time.Second })
	for name, hash := range map[string]token.Secret{"ours": hashOf(p, right), "bcrypt": token.NewSecret(bcryptOf(right))} {
		t.Run(name, func(t *testing.T) { logintest.TestProvider(t, p, requests(p, hash)) })
	}
}

// requests are those of people whose accounts have the hash, which is of right.
func requests(p *emailpass.Provider, hash token.Secret) logintest.Requests {
	var people atomic.Int64
	email := func() string { return fmt.Sprintf("Ann+%d@Example.com", people.Add(1)) }
	return logintest.Requests{
		Account: func() (login.ProviderIdentity, logintest.Fields) {
			i := must(p.Import(email(), hash.Reveal()))
			return i, logintest.Fields{"email": i.Identifier, "password": right}
		},
		Unknown: func() logintest.Fields { return logintest.Fields{"email": email(), "password": right} },
		Bad: map[string]func(logintest.Fields) logintest.Fields{
			"wrong password": func(f logintest.Fields) logintest.Fields { return f.With("password", wrong) },
			"too long":       func(f logintest.Fields) logintest.Fields { return f.With("password", strings.Repeat(right, 100)) },
			"longer":         func(f logintest.Fields) logintest.Fields { return f.With("password", right+" ") },
			"the hash":       func(f logintest.Fields) logintest.Fields { return f.With("password", hash.Reveal()) },
		},
		Malformed: map[string]func(logintest.Fields) logintest.Fields{
			"a number": func(f logintest.Fields) logintest.Fields { return f.With("password", 7) },
			"null":     func(f logintest.Fields) logintest.Fields { return f.With("email", nil) },
		},
		Secret: []string{"password"},
		Register: func() (register, good logintest.Fields) {
			good = logintest.Fields{"email": email(), "password": right}
			return good, good
		},
		Update: func(good logintest.Fields) (update, next logintest.Fields) {
			return logintest.Fields{"password": "another " + right}, good.With("password", "another "+right)
		},
	}
}
