package logintest

import (
	"errors"
	"testing"

	"github.com/countersign-go/countersign/auth/login"
)

// TestProvider holds a provider against what [login.Provider] and the interfaces beside it promise, each promise a subtest,
// by what a [login.Service] answers to clients. Run it with the race detector.
func TestProvider(t *testing.T, p login.Provider, q Requests) {
	t.Helper()
	if p == nil || q.Account == nil || len(q.Bad) == 0 {
		t.Fatal("logintest: TestProvider needs a provider, Requests.Account and Requests.Bad")
	}
	if err := q.fit(p); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(p, q); err != nil {
				t.Error(err)
			}
		})
	}
}

// fit returns what is wrong with requests that are not for what the provider can do. Those for more than it can do are a
// mistake, too: a method with another signature than it should have would never be called, and nothing be found wrong with it.
func (q Requests) fit(p login.Provider) error {
	_, registers := p.(login.Registrar)
	_, updates := p.(login.Updater)
	_, callsBack := p.(login.Callbacker)
	switch {
	case registers && q.Register == nil:
		return errors.New("logintest: the provider is a Registrar: TestProvider needs Requests.Register")
	case updates && q.Update == nil:
		return errors.New("logintest: the provider is an Updater: TestProvider needs Requests.Update")
	case !registers && q.Register != nil:
		return errors.New("logintest: there is Requests.Register, but the provider is no Registrar: see how its method is declared")
	case !updates && q.Update != nil:
		return errors.New("logintest: there is Requests.Update, but the provider is no Updater: see how its methods are declared")
	case !callsBack && q.Elsewhere != nil:
		return errors.New("logintest: there is Requests.Elsewhere, but the provider is no Callbacker: see how its method is declared")
	}
	return nil
}

type providerCase struct {
	name  string
	check func(d *desk, p login.Provider) error
}

func (c providerCase) run(p login.Provider, q Requests) error {
	d, err := newDesk(p, q)
	if err != nil {
		return err
	}
	return c.check(d, p)
}

var cases = []providerCase{
	{"good credentials log in, every time", logsIn},
	{"an Outcome says whose they are", namesOne},
	{"bad credentials are refused", refusesBad},
	{"an account that is not there is refused as bad credentials are", hidesAccounts},
	{"Find is called as often for an account that is not there", findsAlike},
	{"a request that cannot be understood is refused", refusesMalformed},
	{"what a client sends is no failure of the server", survivesJunk},
	{"an error comes without an Outcome", errorsAlone},
	{"a server that does not answer is no refusal", passesOutagesOn},
	{"a cancelled request is not told that its credentials are bad", cancelledIsNoAnswer},
	{"what is secret is not said", keepsSecrets},
	{"many may ask at once", isConcurrent},
	{"a browser comes back once", comesBackOnce},
	{"who registers can log in", registers},
	{"Register refuses what it cannot understand", refusesRegistrations},
	{"EntityID has one spelling", spellsOnce},
	{"Update changes the credentials", updates},
	{"Update refuses what it cannot understand", refusesUpdates},
}
