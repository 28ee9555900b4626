package logintest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
)

func TestTestProviderAcceptsAGoodProvider(t *testing.T) {
	logintest.TestProvider(t, words{}, wordRequests())
}

func TestTestProviderAcceptsOneThatSendsElsewhere(t *testing.T) {
	l := letters{sent: &post{}}
	logintest.TestProvider(t, l, l.requests())
}

// A method that is misspelled makes no Registrar, and no test of it would fail: the requests for it tell.
func TestTestProviderWantsRequestsForWhatThereIs(t *testing.T) {
	plain := login.ProviderFunc(words{}.Authenticate)
	register := logintest.Requests{Register: wordRequests().Register}
	update := logintest.Requests{Update: wordRequests().Update}
	both := logintest.Requests{Register: wordRequests().Register, Update: wordRequests().Update}
	elsewhere := logintest.Requests{Elsewhere: func(string) logintest.Fields { return nil }}
	for _, tt := range []struct {
		name string
		p    login.Provider
		q    logintest.Requests
		want string // a part of what is wrong
	}{
		{"all there is", words{}, both, "<nil>"},
		{"nothing but a log-in", plain, logintest.Requests{}, "<nil>"},
		{"no Register of a Registrar", words{}, update, "needs Requests.Register"},
		{"no Update of an Updater", words{}, register, "needs Requests.Update"},
		{"Register of no Registrar", plain, register, "no Registrar"},
		{"Update of no Updater", plain, update, "no Updater"},
		{"Elsewhere of no Callbacker", plain, elsewhere, "no Callbacker"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(logintest.Fit(tt.p, tt.q)); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
}
