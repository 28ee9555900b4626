package login_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

func newTokens() (*login.Tokens, *tokenStore) {
	store := newTokenStore()
	return must(login.NewTokens(login.TokensConfig{Store: store})), store
}

// invite is a token as an application issues it.
func invite() login.Token {
	return login.Token{
		Purpose: login.PurposeInvite,
		Subject: "Ann <ann@example.com>",
		Data:    must(auth.NewMetadata(map[string]any{"role": "admin & owner"})),
		Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond),
	}
}

// outcome is what an error of Look or Consume says, in a word.
func outcome(err error) string {
	switch {
	case err == nil:
		return "good"
	case errors.Is(err, auth.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, auth.ErrInvalidCredentials):
		return "bad"
	}
	return "failure"
}

func TestTokens(t *testing.T) {
	tests := []struct {
		name string
		edit func(*login.Token)
	}{
		{"with everything", func(*login.Token) {}},
		{"without data", func(tok *login.Token) { tok.Data = auth.Metadata{} }},
		{"with empty data", func(tok *login.Token) { tok.Data = auth.RawMetadata("{}") }},
		{"of a purpose of the application's", func(tok *login.Token) { tok.Purpose = "newsletter" }},
		{"of the shortest purpose", func(tok *login.Token) { tok.Purpose = "a" }},
		{"of the longest purpose", func(tok *login.Token) { tok.Purpose = "abcdefghijklmnop" }},
		{"for the longest subject", func(tok *login.Token) { tok.Subject = strings.Repeat("\u00e9", 256) }},
		{"for a subject of two parts", func(tok *login.Token) { tok.Subject = "emailpass\x00ann@example.com" }},
		{"for as long as can be", func(tok *login.Token) {
			tok.Expires = time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Microsecond)
		}},
		{"for a moment", func(tok *login.Token) { tok.Expires = time.Now().Add(time.Minute).UTC().Truncate(time.Microsecond) }},
		{"with much data", func(tok *login.Token) { tok.Data = auth.RawMetadata(`{"a":"` + strings.Repeat("x", 8000) + `"}`) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens, store := newTokens()
			want := invite()
			tt.edit(&want)
			text := must(tokens.Issue(t.Context(), want)).Reveal()
			check(t, "it begins with the purpose", strings.HasPrefix(text, string(want.Purpose)+"_"), true)
			sameToken(t, "Look", must(tokens.Look(t.Context(), want.Purpose, text)), want)
			sameToken(t, "Look again", must(tokens.Look(t.Context(), want.Purpose, text)), want)
			sameToken(t, "Consume", must(tokens.Consume(t.Context(), want.Purpose, text)), want)
			for range 2 {
				_, err := tokens.Consume(t.Context(), want.Purpose, text)
				check(t, "Consume again", outcome(err), "bad")
				_, err = tokens.Look(t.Context(), want.Purpose, text)
				check(t, "Look when it is used up", outcome(err), "bad")
			}
			check(t, "kept", len(store.all()), 0)
		})
	}
}

// sameToken checks that got is want: Data as JSON, whose spelling is the encoder's.
func sameToken(t *testing.T, what string, got, want login.Token) {
	t.Helper()
	for _, tok := range []*login.Token{&got, &want} {
		var data map[string]any
		check(t, what+", the data", tok.Data.Decode(&data), nil)
		tok.Data = must(auth.NewMetadata(data))
	}
	check(t, what, got, want)
}

// What no program should ask is an error of its own, and the store is not asked.
func TestTokensAmiss(t *testing.T) {
	tests := []struct {
		name string
		edit func(*login.Token)
	}{
		{"no purpose", func(tok *login.Token) { tok.Purpose = "" }},
		{"a purpose in upper case", func(tok *login.Token) { tok.Purpose = "Invite" }},
		{"a purpose with an underscore", func(tok *login.Token) { tok.Purpose = "in_vite" }},
		{"a purpose with a digit", func(tok *login.Token) { tok.Purpose = "invite2" }},
		{"a purpose with other letters", func(tok *login.Token) { tok.Purpose = "einl\u00e4dt" }},
		{"a long purpose", func(tok *login.Token) { tok.Purpose = "abcdefghijklmnopq" }},
		{"no subject", func(tok *login.Token) { tok.Subject = "" }},
		{"a long subject", func(tok *login.Token) { tok.Subject = strings.Repeat("a", 1025) }},
		{"a subject that is no text", func(tok *login.Token) { tok.Subject = "a\xff" }},
		{"no expiry", func(tok *login.Token) { tok.Expires = time.Time{} }},
		{"it has expired", func(tok *login.Token) { tok.Expires = time.Now().Add(-time.Second) }},
		{"it expires at once", func(tok *login.Token) { tok.Expires = time.Now() }},
		{"it expires late", func(tok *login.Token) { tok.Expires = time.Now().Add(30*24*time.Hour + time.Second) }},
		{"it expires at the end of time", func(tok *login.Token) { tok.Expires = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"data that is no JSON", func(tok *login.Token) { tok.Data = auth.RawMetadata("{") }},
		{"data that is no object", func(tok *login.Token) { tok.Data = auth.RawMetadata("[1]") }},
		{"data that is no text", func(tok *login.Token) { tok.Data = auth.RawMetadata("{\"a\":\"\xff\"}") }},
		{"too much data", func(tok *login.Token) { tok.Data = auth.RawMetadata(`{"a":"` + strings.Repeat("x", 8192) + `"}`) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens, store := newTokens()
			tok := invite()
			tt.edit(&tok)
			text, err := tokens.Issue(t.Context(), tok)
			check(t, "Issue", outcome(err), "failure")
			check(t, "the text", text.Reveal(), "")
			check(t, "calls of the store", store.calls(), 0)
			check(t, "the error tells the subject", strings.Contains(err.Error(), "ann@"), false)
		})
	}
	tokens, store := newTokens()
	text := must(tokens.Issue(t.Context(), invite())).Reveal()
	for _, p := range []login.Purpose{"", "Invite", "invite_", "abcdefghijklmnopq"} {
		_, err := tokens.Look(t.Context(), p, text)
		check(t, "Look", outcome(err), "failure")
		_, err = tokens.Consume(t.Context(), p, text)
		check(t, "Consume", outcome(err), "failure")
		check(t, "Void", outcome(tokens.Void(t.Context(), p, invite().Subject)), "failure")
	}
	check(t, "Void for nobody", outcome(tokens.Void(t.Context(), login.PurposeInvite, "")), "failure")
	check(t, "calls of the store", store.calls(), 1)
}

func TestNewTokens(t *testing.T) {
	_, err := login.NewTokens(login.TokensConfig{StoreTimeout: -1})
	check(t, "both mistakes are named", strings.Count(err.Error(), "login: "), 2)
	_, err = login.NewTokens(login.TokensConfig{Store: newTokenStore(), StoreTimeout: time.Hour})
	check(t, "the error", err, nil)
}

// Tokens of other purposes, and what is none, are refused before the store is asked.
func TestTokensWithoutStore(t *testing.T) {
	tokens, store := newTokens()
	text := must(tokens.Issue(t.Context(), invite())).Reveal()
	for _, tt := range []struct {
		purpose login.Purpose
		text    string
	}{
		{login.PurposeReset, text},
		{login.PurposeState, text},
		{"invit", text},
		{"invites", text},
		{login.PurposeReset, "reset" + strings.TrimPrefix(text, "invite")}, // its checksum is for another
		{login.PurposeInvite, ""},
		{login.PurposeInvite, text[:len(text)-1]},
		{login.PurposeInvite, text + "a"},
		{login.PurposeInvite, text + "\n"},
		{login.PurposeInvite, " " + text},
		{login.PurposeInvite, strings.ToUpper(text)},
		{login.PurposeInvite, strings.Repeat(text, 1000)},
	} {
		_, err := tokens.Look(t.Context(), tt.purpose, tt.text)
		check(t, "Look", outcome(err), "bad")
		_, err = tokens.Consume(t.Context(), tt.purpose, tt.text)
		check(t, "Consume", outcome(err), "bad")
		check(t, "the error tells the token", strings.Contains(err.Error(), text[10:]), false)
	}
	check(t, "calls of the store", store.calls(), 1)
	_, err := tokens.Consume(t.Context(), login.PurposeInvite, text)
	check(t, "it is still good", err, nil)
}

// One token is good for a purpose and a subject at a time; what else there is stays as it is.
func TestTokensVoid(t *testing.T) {
	tokens, _ := newTokens()
	first := must(tokens.Issue(t.Context(), invite())).Reveal()
	others := []login.Token{invite(), invite(), invite()}
	others[0].Subject = strings.ToLower(invite().Subject)
	others[1].Purpose = login.PurposeVerification
	others[2].Purpose, others[2].Subject = "invitea", strings.TrimPrefix(invite().Subject, "A")
	var texts []string
	for _, tok := range others {
		texts = append(texts, must(tokens.Issue(t.Context(), tok)).Reveal())
	}
	second := must(tokens.Issue(t.Context(), invite())).Reveal()
	_, err := tokens.Look(t.Context(), login.PurposeInvite, first)
	check(t, "the older one", outcome(err), "bad")
	_, err = tokens.Look(t.Context(), login.PurposeInvite, second)
	check(t, "the newer one", outcome(err), "good")
	for range 2 {
		check(t, "Void", tokens.Void(t.Context(), login.PurposeInvite, invite().Subject), nil)
	}
	_, err = tokens.Consume(t.Context(), login.PurposeInvite, second)
	check(t, "a void one", outcome(err), "bad")
	for i, text := range texts {
		_, err = tokens.Consume(t.Context(), others[i].Purpose, text)
		check(t, "another", outcome(err), "good")
	}
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, _ := newTokens()
		text := must(tokens.Issue(t.Context(), invite())).Reveal()
		time.Sleep(time.Hour - time.Microsecond)
		_, err := tokens.Look(t.Context(), login.PurposeInvite, text)
		check(t, "just before", outcome(err), "good")
		time.Sleep(time.Microsecond)
		_, err = tokens.Look(t.Context(), login.PurposeInvite, text)
		check(t, "Look, then", outcome(err), "bad")
		_, err = tokens.Consume(t.Context(), login.PurposeInvite, text)
		check(t, "Consume, then", outcome(err), "bad")
	})
}

// FuzzTokens has strangers show texts: none but the one that was issued is good, and what is no token of the purpose does
// not reach the store.
func FuzzTokens(f *testing.F) {
	store := newTokenStore()
	tokens := must(login.NewTokens(login.TokensConfig{Store: store, StoreTimeout: time.Minute})) // as machines may be busy
	tok := invite()
	tok.Expires = tok.Expires.Add(29 * 24 * time.Hour) // for however long somebody fuzzes
	issued := must(tokens.Issue(f.Context(), tok)).Reveal()
	codec := must(token.NewCodec("invite"))
	id := must(codec.Parse(issued))
	f.Add("invite", issued)
	f.Add("reset", issued)
	f.Add("invite", codec.New(id).Reveal())
	f.Add("invite", codec.New(token.NewID()).Reveal())
	f.Add("invite", strings.ToUpper(issued))
	f.Add("", "")
	f.Add("in_vite", "in_vite_a")
	f.Fuzz(func(t *testing.T, purpose, text string) {
		before := store.calls()
		_, err := tokens.Look(t.Context(), login.Purpose(purpose), text)
		check(t, "good", err == nil, purpose == "invite" && text == issued)
		_, parseErr := codec.Parse(text)
		check(t, "the store was asked", store.calls() > before, wellFormed(purpose) && parses(purpose, text))
		check(t, "it could be asked", store.calls() > before && purpose == "invite" && parseErr != nil, false)
		if text != issued {
			_, err = tokens.Consume(t.Context(), login.Purpose(purpose), text)
			check(t, "consumed", err == nil, false)
		}
		_, err = tokens.Look(t.Context(), login.PurposeInvite, issued)
		check(t, "the real one", err, nil)
	})
}

func wellFormed(purpose string) bool {
	return purpose != "" && len(purpose) <= 16 && strings.Trim(purpose, "abcdefghijklmnopqrstuvwxyz") == ""
}

func parses(purpose, text string) bool {
	codec, err := token.NewCodec(purpose)
	_, parseErr := codec.Parse(text)
	return err == nil && parseErr == nil
}
