package redisstore_test

import (
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/storetest"
)

func TestSessions(t *testing.T) {
	k := open(t, nil)
	storetest.TestSessionStore(t, func(testing.TB) session.Store { return k.Sessions() })
}

func TestRevocations(t *testing.T) {
	k := open(t, nil)
	storetest.TestRevocationStore(t, func(testing.TB) jwtx.RevocationStore { return k.Revocations() })
}

func TestOneTimeTokens(t *testing.T) {
	k := open(t, nil)
	storetest.TestOneTimeTokens(t, func(testing.TB) login.TokenStore { return k.OneTimeTokens() })
}

func TestAttempts(t *testing.T) {
	k := open(t, nil)
	storetest.TestAttempts(t, func(testing.TB) login.AttemptStore { return k.Attempts() })
}
