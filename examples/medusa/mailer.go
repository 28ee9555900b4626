package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// A mailer prints what it should send, a line for each mail. A real one puts mail into a queue: whoever asks for a reset
// must not learn from the time it takes whether there is such an account.
type mailer struct {
	mu  sync.Mutex
	out io.Writer
}

func newMailer(out io.Writer) *mailer { return &mailer{out: out} }

// send prints a mail with a token, which is the one place where the token leaves the server.
func (m *mailer) send(address, kind string, secret token.Secret) {
	m.printf("mail to %s: %s %s\n", address, kind, secret.Reveal())
}

func (m *mailer) printf(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := fmt.Fprintf(m.out, format, args...); err != nil {
		slog.Error("mail could not be printed", "err", err)
	}
}

// mayVerify lets whoever is logged in have mail sent to an address that is not theirs by log-in: it may be by who reads it.
// What comes of that is up to who hears [login.Verified]; here nothing does.
func mayVerify(_ context.Context, _ auth.AuthContext, _, entityID string) error {
	return checkEmail("entity_id", entityID)
}

// onEvent hears what happens at log-in: see [login.Config].
func (m *mailer) onEvent(ctx context.Context, e login.Event) {
	switch e.Kind {
	case login.ResetRequested, login.VerificationRequested:
		m.send(e.Identifier, string(e.Kind), e.Token)
	default:
		slog.InfoContext(ctx, "login", "event", string(e.Kind), "identity", e.IdentityID, "provider", e.Provider)
	}
}
