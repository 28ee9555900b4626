package session_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

func TestNewID(t *testing.T) {
	nobody := auth.Actor{Type: "user"}
	for _, actor := range []auth.Actor{ann, {Type: "customer", ID: "ann"}, {ID: "ann"}, nobody, {}} {
		a, b := session.NewID(actor), session.NewID(actor)
		check(t, "an ID", token.IsID(a), true)
		check(t, "its length", len(a), len(token.NewID()))
		check(t, "it begins with the place", strings.HasPrefix(a, session.Place(actor)), true)
		check(t, "it is another each time", a != b, true)
	}
	check(t, "the place of nobody", session.Place(nobody), "")
	check(t, "the place of ann", session.Place(ann), "udz3") // in records that are kept: it must not change
	check(t, "another type is another place", session.Place(ann) != session.Place(auth.Actor{Type: "customer", ID: "ann"}), true)
	check(t, "a type that runs on is another place", session.Place(ann) != session.Place(auth.Actor{Type: "use", ID: "rann"}), true)
}

func TestRecordCheck(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	metadata := func(object string) func(*session.Record) {
		return func(r *session.Record) { r.Login.UserMetadata = auth.RawMetadata(object) }
	}
	tests := []struct {
		name   string
		change func(*session.Record)
		want   string
	}{
		{"a record as Start makes it", func(*session.Record) {}, ""},
		{"no times", func(r *session.Record) { r.Created, r.Renewed = time.Time{}, time.Time{} }, ""},
		{"line breaks and characters beyond 16 bits", func(r *session.Record) { r.Login.IdentityID = "\n\t\U0001F5DD" }, ""},
		{"names as long as may be", func(r *session.Record) { r.Login.IdentityID, r.Login.Provider = long(256), long(256) }, ""},
		{"a NUL in metadata, escaped", metadata(`{"a":"\u0000"}`), ""},
		{"no end", func(r *session.Record) { r.Expires = time.Time{} }, "expires"},
		{"a NUL in the ID", func(r *session.Record) { r.ID += "\x00" }, "NUL"},
		{"more factors than anybody has", func(r *session.Record) { r.Login.Factors = make([]auth.Factor, 2000) }, "more than 65536"},
		{"an actor without a type", func(r *session.Record) {
			r.Login.Actor.Type = ""
			r.ID = session.NewID(r.Login.Actor)
		}, "without a type"},
		{"no ID", func(r *session.Record) { r.ID = "" }, "ID"},
		{"another's ID", func(r *session.Record) { r.ID = session.NewID(auth.Actor{Type: "user", ID: "bob"}) }, "ID"},
		{"a long ID", func(r *session.Record) { r.ID += long(64) }, "ID"},
		{"a Counter of 64 bits", func(r *session.Record) { r.Counter = math.MaxInt64 + 1 }, "Counter"},
		{"a time before 1970", func(r *session.Record) { r.Created = time.Unix(-1, 0) }, "before 1970"},
		{"a time in the year 10000", func(r *session.Record) { r.EndsBy = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "after 9999"},
		{"a factor before 1970", func(r *session.Record) { r.Login.Factors[0].At = time.Unix(-1, 0) }, "before 1970"},
		{"an identity that is too long", func(r *session.Record) { r.Login.IdentityID = long(257) }, "more than 256"},
		{"a provider that is too long", func(r *session.Record) { r.Login.Provider = long(257) }, "more than 256"},
		{"a NUL in the provider", func(r *session.Record) { r.Login.Provider = "a\x00b" }, "NUL"},
		{"a NUL in a scope", func(r *session.Record) { r.Login.Scopes = auth.NewSet("a\x00") }, "NUL"},
		{"a NUL in a factor", func(r *session.Record) { r.Login.Factors[0].Method = "\x00" }, "NUL"},
		{"half a character", func(r *session.Record) { r.Login.Roles = auth.NewSet("\xff") }, "UTF-8"},
		{"half a character in metadata", metadata("{\"a\":\"\xff\"}"), "UTF-8"},
		{"metadata that is no JSON", metadata("{"), "JSON"},
		{"metadata that is no object", metadata("[]"), "JSON"},
		{"metadata of a megabyte", metadata(`{"a":"` + long(1<<20) + `"}`), "more than 65536"},
		{"much text that is not too long", func(r *session.Record) {
			r.Login.Scopes, r.Login.Roles = auth.NewSet(long(40000)), auth.NewSet(long(40000))
		}, "more than 65536"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Now()
			rec := session.Record{ID: session.NewID(ann), Login: annsLogin(), Created: now, Renewed: now, Expires: now, EndsBy: now}
			tt.change(&rec)
			err := rec.Check()
			check(t, "refused", err != nil, tt.want != "")
			if err != nil {
				check(t, "the reason: "+err.Error(), strings.Contains(err.Error(), tt.want), true)
			}
		})
	}
}
