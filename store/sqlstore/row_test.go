package sqlstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/sqlstore"
)

var ann = auth.Actor{Type: "user", ID: "ann"}

// sessionRow returns a row of the table of sessions, in the order in which a store asks for the columns.
func sessionRow() map[string]any {
	return map[string]any{
		"id": session.NewID(ann), "actor_type": "user", "actor_id": "ann", "version": int64(3),
		"digest": make([]byte, 32), "counter": int64(7), "identity_id": "i", "provider": "emailpass", "scopes": `["a"]`,
		"roles": `[]`, "factors": `[{"method":"pwd","at":"2026-11-21T10:00:00.000001Z"}]`, "app_metadata": nil,
		"user_metadata": `{"a":1}`, "created_at": "2026-11-21 10:00:00.123456", "renewed_at": "2026-11-21 10:00:00.123456",
		"expires_at": "2026-11-21 10:30:00.000000", "ends_at": "2026-11-22 10:00:00.000000",
		"floor": int64(5), "refreshed_at": "2026-11-21 10:10:00.000001", "ip": "192.0.2.7", "user_agent": "a browser", "app_values": nil,
	}
}

var sessionOrder = strings.Fields("id actor_type actor_id identity_id version digest counter provider scopes roles factors " +
	"app_metadata user_metadata created_at renewed_at expires_at ends_at floor refreshed_at ip user_agent app_values")

// keyRow returns a row of the table of API keys.
func keyRow() map[string]any {
	return map[string]any{
		"id": token.NewID(), "version": int64(3), "kind": "secret", "environment": "live", "digest": make([]byte, 32), "text": "",
		"redacted": "sk_***", "title": "t", "owner_type": "user", "owner_id": "ann", "scopes": `["a"]`, "channels": `[]`,
		"metadata": nil, "created_by": "ann", "created_at": "2026-11-21 10:00:00.123456", "updated_at": nil, "expires_at": nil,
		"revoked_at": "2026-11-21 10:00:00.000002", "revoked_by": "bob", "revoke_reason": "", "stops_at": nil,
		"disabled_at": nil, "disabled_by": "", "replaces": "", "replaced_by": "",
		"last_used_at": "2026-11-21 10:00:00.000001", "last_used_ip": "192.0.2.1",
	}
}

var keyOrder = strings.Fields("id version kind environment digest text redacted title owner_type owner_id scopes channels " +
	"metadata created_by created_at updated_at expires_at revoked_at revoked_by revoke_reason stops_at disabled_at disabled_by " +
	"replaces replaced_by last_used_at last_used_ip")

// serving returns a script whose queries find one row.
func serving(row map[string]any, order []string) *script {
	values := make([]any, len(order))
	for i, column := range order {
		values[i] = row[column]
	}
	return &script{answer: func(string, []any) (answer, error) { return answer{rows: [][]any{values}}, nil }}
}

// Each form in which a driver may hand out a column is the same value.
func TestRowsOfAllDrivers(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 123_456_000, time.UTC)
	for what, change := range map[string]func(map[string]any){
		"text": func(map[string]any) {},
		"bytes": func(r map[string]any) {
			r["actor_id"], r["scopes"], r["created_at"] = []byte("ann"), []byte(`["a"]`), []byte("2026-11-21 10:00:00.123456")
		},
		"times":         func(r map[string]any) { r["created_at"] = at.In(time.FixedZone("", 20700)) },
		"numbers":       func(r map[string]any) { r["version"], r["counter"] = []byte("3"), "7" },
		"a digest text": func(r map[string]any) { r["digest"] = string(make([]byte, 32)) },
	} {
		t.Run(what, func(t *testing.T) {
			row := sessionRow()
			change(row)
			rec, err := open(t, serving(row, sessionOrder), sqlstore.SQLite).Sessions().Get(t.Context(), row["id"].(string), at)
			check(t, "error", err, nil)
			check(t, "actor", rec.Login.Actor, ann)
			check(t, "version and counter", fmt.Sprint(rec.Version, rec.Counter), "3 7")
			check(t, "created", rec.Created, at)
			check(t, "scopes", rec.Login.Scopes.String(), "a")
			check(t, "factors", fmt.Sprint(rec.Login.Factors), "[{pwd 2026-11-21 10:00:00.000001 +0000 UTC}]")
		})
	}
}

// TestAttackCorruptRow damages each column: what is left is nobody's session and no key, never somebody else's.
func TestAttackCorruptRow(t *testing.T) {
	t.Run("S021", func(t *testing.T) {
		for _, column := range sessionOrder {
			for _, value := range []any{"\xff\x00", int64(-1), 1.5, true, []byte{0}} {
				row := sessionRow()
				id := row["id"].(string)
				row[column] = value
				store := open(t, serving(row, sessionOrder), sqlstore.SQLite).Sessions()
				rec, err := store.Get(t.Context(), id, time.Now())
				if column == "version" {
					continue // any number is one
				}
				check(t, fmt.Sprintf("a session whose %s is %#v: %v", column, value, err), errors.Is(err, session.ErrCorrupt), true)
				check(t, "a record", rec.ID, "")
				list, err := store.List(t.Context(), ann, time.Now())
				check(t, "listed", len(list), 0)
				check(t, "error", err, nil)
			}
		}
		for _, column := range keyOrder {
			for _, value := range []any{"\xff\x00", 1.5, true} {
				row := keyRow()
				row[column] = value
				store := open(t, serving(row, keyOrder), sqlstore.SQLite).APIKeys()
				_, err := store.Get(t.Context(), "x")
				check(t, fmt.Sprintf("a key whose %s is %#v: %v", column, value, err), errors.Is(err, apikey.ErrCorrupt), true)
				list, _, err := store.Find(t.Context(), apikey.Query{Owner: ann})
				check(t, "found", len(list), 0)
				check(t, "error", err, nil)
			}
		}
	})
	t.Run("another actor", func(t *testing.T) {
		row := sessionRow()
		row["actor_id"] = "bob"
		_, err := open(t, serving(row, sessionOrder), sqlstore.SQLite).Sessions().Get(t.Context(), row["id"].(string), time.Now())
		check(t, "is corrupt", errors.Is(err, session.ErrCorrupt), true)
	})
	t.Run("no secret is said", func(t *testing.T) {
		row := keyRow()
		row["digest"] = "topsecret"
		_, err := open(t, serving(row, keyOrder), sqlstore.SQLite).APIKeys().Get(t.Context(), "x")
		check(t, "in "+err.Error(), strings.Contains(err.Error(), "topsecret"), false)
	})
}
