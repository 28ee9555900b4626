package login_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// outages are the answers of a store that does not know.
var outages = map[string]fault{
	"fails":                           answering(errRefused),
	"hangs":                           hanging,
	"is full":                         answering(errors.New("store: full")),
	"was refused by another":          answering(fmt.Errorf("vault: %w", auth.ErrInvalidCredentials)),
	"wraps a refusal":                 answering(&auth.Error{Status: http.StatusUnauthorized, Err: auth.ErrInvalidCredentials}),
	"says no credentials":             answering(auth.NoCredentials()),
	"has not found its server":        answering(fmt.Errorf("%w: %w", login.ErrNotFound, auth.ErrUnavailable)),
	"has a conflict with its server":  answering(fmt.Errorf("%w: %w", login.ErrConflict, auth.ErrUnavailable)),
	"cannot read what is not there":   answering(fmt.Errorf("%w: %w", login.ErrCorrupt, auth.ErrUnavailable)),
	"loses the answer":                losing,
	"was cancelled, as it says":       answering(fmt.Errorf("store: %w", errCancelled)),
	"says that there is another":      answering(login.ErrExists),
	"hangs when all is done":          hangingAfter,
	"finds nothing, when it is late":  answering(fmt.Errorf("%w: %w", login.ErrNotFound, errLate)),
	"has a conflict, when it is late": answering(fmt.Errorf("%w: %w", login.ErrConflict, errLate)),
}

// Whatever the store does not answer is no "no" and no pass, and it takes no longer than a call may.
func TestTokensOutage(t *testing.T) {
	for _, tt := range []struct {
		verb string
		do   func(t *testing.T, tokens *login.Tokens, text string) error
	}{
		{"Put", func(t *testing.T, tokens *login.Tokens, _ string) error {
			text, err := tokens.Issue(t.Context(), invite())
			check(t, "the text", text.Reveal(), "")
			return err
		}},
		{"Get", func(t *testing.T, tokens *login.Tokens, text string) error {
			tok, err := tokens.Look(t.Context(), login.PurposeInvite, text)
			check(t, "the token", tok, login.Token{})
			return err
		}},
		{"Consume", func(t *testing.T, tokens *login.Tokens, text string) error {
			tok, err := tokens.Consume(t.Context(), login.PurposeInvite, text)
			check(t, "the token", tok, login.Token{})
			return err
		}},
		{"Delete", func(t *testing.T, tokens *login.Tokens, _ string) error {
			return tokens.Void(t.Context(), login.PurposeInvite, invite().Subject)
		}},
	} {
		for name, f := range outages {
			t.Run(tt.verb+": the store "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tokens, store := newTokens()
					text := must(tokens.Issue(t.Context(), invite())).Reveal()
					store.on(tt.verb, f)
					start := time.Now()
					err := tt.do(t, tokens, text)
					check(t, "the error", outcome(err), "unavailable")
					check(t, "it took too long", time.Since(start) > login.DefaultStoreTimeout, false)
				})
			})
		}
	}
}

// What was consumed and did not arrive is used up.
func TestTokensLostAnswer(t *testing.T) {
	tokens, store := newTokens()
	text := must(tokens.Issue(t.Context(), invite())).Reveal()
	store.on("Consume", losing)
	_, err := tokens.Consume(t.Context(), login.PurposeInvite, text)
	check(t, "the error", outcome(err), "unavailable")
	store.on("Consume", nil)
	_, err = tokens.Consume(t.Context(), login.PurposeInvite, text)
	check(t, "again", outcome(err), "bad")
}

// A store that answers with something else than what it was asked for is not believed.
func TestTokensAmissAnswer(t *testing.T) {
	other := must(auth.NewMetadata(map[string]string{"purpose": "invite", "subject": "bob@example.com"}))
	tests := map[string]func(rec *login.OneTimeToken){
		"another ID":              func(rec *login.OneTimeToken) { rec.ID = token.NewID() },
		"no ID":                   func(rec *login.OneTimeToken) { rec.ID = "" },
		"another digest":          func(rec *login.OneTimeToken) { rec.Digest[31]++ },
		"no digest":               func(rec *login.OneTimeToken) { rec.Digest = token.Digest{} },
		"it has expired":          func(rec *login.OneTimeToken) { rec.Expires = time.Now().Add(-time.Second) },
		"it never expires":        func(rec *login.OneTimeToken) { rec.Expires = time.Time{} },
		"no data":                 func(rec *login.OneTimeToken) { rec.Data = auth.Metadata{} },
		"data of another subject": func(rec *login.OneTimeToken) { rec.Data = other },
		"data of another purpose": func(rec *login.OneTimeToken) {
			rec.Data = must(auth.NewMetadata(map[string]string{"purpose": "reset", "subject": invite().Subject}))
		},
		"data that is cut off":      func(rec *login.OneTimeToken) { rec.Data = auth.RawMetadata(`{"purpose":"invite","sub`) },
		"data of another type":      func(rec *login.OneTimeToken) { rec.Data = auth.RawMetadata(`{"purpose":["invite"]}`) },
		"data that is no object":    func(rec *login.OneTimeToken) { rec.Data = auth.RawMetadata(`[]`) },
		"nothing at all":            func(rec *login.OneTimeToken) { *rec = login.OneTimeToken{} },
		"the record of another one": func(rec *login.OneTimeToken) { rec.ID, rec.Data = token.NewID(), other },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			tokens, store := newTokens()
			text := must(tokens.Issue(t.Context(), invite())).Reveal()
			store.edit = edit
			tok, err := tokens.Look(t.Context(), login.PurposeInvite, text)
			check(t, "Look", outcome(err), "bad")
			check(t, "the token", tok, login.Token{})
			tok, err = tokens.Consume(t.Context(), login.PurposeInvite, text)
			check(t, "Consume", outcome(err), "bad")
			check(t, "the token", tok, login.Token{})
		})
	}
	tokens, store := newTokens()
	text := must(tokens.Issue(t.Context(), invite())).Reveal()
	store.on("Get", answering(fmt.Errorf("row 7: %w", login.ErrCorrupt)))
	_, err := tokens.Look(t.Context(), login.PurposeInvite, text)
	check(t, "a record that cannot be read", outcome(err), "bad")
	check(t, "the operator learns why", errors.Is(err, login.ErrCorrupt), true)
}
