package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// A store that answers with something else than was asked for lets nobody in.
func TestStoreThatAnswersAmiss(t *testing.T) {
	good := func() session.Record {
		now := time.Now()
		return session.Record{ID: token.NewID(), Version: 1, Login: annsLogin(), Renewed: now, Expires: now.Add(time.Hour), EndsBy: now.Add(time.Hour)}
	}
	tests := []struct {
		name   string
		change func(rec *session.Record, text token.Secret)
		status int
	}{
		{"the record", func(rec *session.Record, text token.Secret) { rec.Digest = text.Digest() }, 200},
		{"a record without a digest", func(*session.Record, token.Secret) {}, 401},
		{"another one's record", func(rec *session.Record, text token.Secret) { rec.ID, rec.Digest = token.NewID(), text.Digest() }, 401},
		{"a record that has expired", func(rec *session.Record, text token.Secret) { rec.Digest, rec.Expires = text.Digest(), time.Now() }, 401},
		{"a record past its lifetime", func(rec *session.Record, text token.Secret) { rec.Digest, rec.EndsBy = text.Digest(), time.Now() }, 401},
		{"a record without an end", func(rec *session.Record, text token.Secret) { rec.Digest, rec.EndsBy = text.Digest(), time.Time{} }, 401},
		{"an empty record", func(rec *session.Record, _ token.Secret) { *rec = session.Record{} }, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := good()
			text := must(token.NewCodec("ses")).New(rec.ID)
			tt.change(&rec, text)
			s := newSite(func(c *session.Config) { c.Store = liar{c.Store, rec} })
			b := &browser{site: s, cookie: "__Host-sid=" + forge(keyA, "__Host-sid", time.Now(), text.Reveal())}
			check(t, "the answer", b.get("/me").Status, tt.status)
		})
	}
}

// A liar is a store that answers every Get with one record.
type liar struct {
	session.Store
	rec session.Record
}

func (l liar) Get(ctx context.Context, _ string, _ time.Time) (session.Record, error) {
	return l.rec, ctx.Err()
}
