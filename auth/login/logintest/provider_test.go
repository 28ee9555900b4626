package logintest_test

import (
	"testing"

	"github.com/countersign-go/countersign/auth/login/logintest"
)

func TestTestProviderAcceptsAGoodProvider(t *testing.T) {
	logintest.TestProvider(t, words{}, wordRequests())
}

func TestTestProviderAcceptsOneThatSendsElsewhere(t *testing.T) {
	l := letters{sent: &post{}}
	logintest.TestProvider(t, l, l.requests())
}
