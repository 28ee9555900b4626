package sqlstore_test

import (
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// at is when all of these tests happened.
var at = time.Date(2026, 11, 21, 10, 0, 0, 1000, time.UTC)

func identity(entities ...string) login.AuthIdentity {
	i := login.AuthIdentity{ID: token.NewID(), Version: 1, CreatedAt: at, UpdatedAt: at}
	for _, entity := range entities {
		i.Providers = append(i.Providers, login.ProviderIdentity{
			Provider: "emailpass", EntityID: entity, Secret: token.NewSecret("topsecret"), CreatedAt: at, UpdatedAt: at,
		})
	}
	return i
}

// identityRow returns a row of the table of identities.
func identityRow() map[string]any {
	digest := sha256.Sum256([]byte(`[["emailpass","ann"]]`))
	return map[string]any{
		"id": token.NewID(), "version": int64(3), "entities": digest[:], "actors": `[{"type":"user","id":"ann"}]`, "app_metadata": nil,
		"providers": `[{"provider":"emailpass","entity_id":"ann","identifier":"Ann","secret":"topsecret","user_metadata":"{ }",` +
			`"created_at":"2026-11-21T10:00:00Z","updated_at":"2026-11-21T10:00:00Z"}]`,
		"disabled_at": nil, "created_at": "2026-11-21 10:00:00.123456", "updated_at": "2026-11-21 10:00:00.123456",
	}
}

var identityOrder = strings.Fields("id version entities actors app_metadata providers disabled_at created_at updated_at")

func tokenRow() map[string]any {
	return map[string]any{
		"id": token.NewID(), "digest": []byte(strings.Repeat("a", 32)), "data": `{"a":1}`, "expires_at": "2026-11-21 10:30:00.000000",
	}
}

var tokenOrder = strings.Fields("id digest data expires_at")

func attemptRow() map[string]any {
	return map[string]any{
		"id": token.NewID(), "version": int64(3), "tries": int64(2), "next_at": nil, "expires_at": "2026-11-21 10:30:00.000000",
	}
}

var attemptOrder = strings.Fields("id version tries next_at expires_at")

// What is not damaged is read.
func TestRowsOfLogin(t *testing.T) {
	i, err := open(t, serving(identityRow(), identityOrder), sqlstore.SQLite).Identities().Find(t.Context(), "emailpass", "ann")
	check(t, "error", err, nil)
	check(t, "secret", i.Providers[0].Secret.Reveal(), "topsecret")
	check(t, "the rest", fmt.Sprint(i.Version, i.Actors, i.Providers[0].EntityID, i.Providers[0].Identifier, i.CreatedAt),
		"3 [{user ann}]annAnn2026-11-21 10:00:00.123456 +0000 UTC")
	one, err := open(t, serving(tokenRow(), tokenOrder), sqlstore.SQLite).OneTimeTokens().Get(t.Context(), "x", at)
	check(t, "error", err, nil)
	check(t, "token", fmt.Sprint(string(one.Digest[:2]), one.Data.Get("a"), one.Expires), "aa1 2026-11-21 10:30:00 +0000 UTC")
	a, err := open(t, serving(attemptRow(), attemptOrder), sqlstore.SQLite).Attempts().Load(t.Context(), "x", at)
	check(t, "error", err, nil)
	check(t, "attempts", fmt.Sprint(a.Version, a.Count, a.Next.IsZero(), a.Expires), "3 2 true 2026-11-21 10:30:00 +0000 UTC")
}

// TestAttackCorruptLogin damages each column: what is left logs nobody in, is no token, and is not taken for no attempts. No
// error tells what was there.
func TestAttackCorruptLogin(t *testing.T) {
	t.Run("S021", func(t *testing.T) {
		for _, kind := range []struct {
			name  string
			row   func() map[string]any
			order []string
			read  func(s *sqlstore.Store) (id string, err error)
		}{
			{"an identity", identityRow, identityOrder, func(s *sqlstore.Store) (string, error) {
				i, err := s.Identities().Get(t.Context(), "x")
				return i.ID, err
			}},
			{"an identity that is found", identityRow, identityOrder, func(s *sqlstore.Store) (string, error) {
				i, err := s.Identities().Find(t.Context(), "emailpass", "ann")
				return i.ID, err
			}},
			{"a token", tokenRow, tokenOrder, func(s *sqlstore.Store) (string, error) {
				one, err := s.OneTimeTokens().Get(t.Context(), "x", at)
				return one.ID, err
			}},
			{"a token that is used up", tokenRow, tokenOrder, func(s *sqlstore.Store) (string, error) {
				one, err := s.OneTimeTokens().Consume(t.Context(), "x", token.Sum("a"), at)
				return one.ID, err
			}},
			{"attempts", attemptRow, attemptOrder, func(s *sqlstore.Store) (string, error) {
				a, err := s.Attempts().Load(t.Context(), "x", at)
				return a.Key, err
			}},
		} {
			for _, column := range kind.order {
				for _, value := range []any{"\xff\x00topsecret", 1.5, true, `["topsecret"]`} {
					row := kind.row()
					row[column] = value
					s := serving(row, kind.order)
					id, err := kind.read(open(t, s, sqlstore.SQLite))
					check(t, fmt.Sprintf("%s whose %s is %#v: %v: is corrupt", kind.name, column, value, err), errors.Is(err, login.ErrCorrupt), true)
					check(t, "what is left", id, "")
					check(t, fmt.Sprintf("%v: tells a secret", err), strings.Contains(fmt.Sprint(err), "topsecret"), false)
					check(t, "statements", len(s.statements()), 1)
				}
			}
		}
	})
}

// wordsOf returns the first words of statements.
func wordsOf(statements []string) string {
	var words []string
	for _, statement := range statements {
		word, _, _ := strings.Cut(statement, " ")
		words = append(words, strings.TrimSuffix(word, ";"))
	}
	return strings.Join(words, " ")
}

// failingAt answers the statements that begin with word with err, up to n of them, and all others with one row.
func failingAt(word string, n int, err error) *script {
	s := &script{}
	s.answer = func(query string, _ []any) (answer, error) {
		if strings.HasPrefix(query, word) {
			if n--; n >= 0 {
				return answer{}, err
			}
		}
		return answer{changed: 1}, nil
	}
	return s
}

// A transaction that the server gave up is begun again, three times at most, wherever that was. Any other failure ends it.
func TestTransactionIsBegunAgain(t *testing.T) {
	const once = "BEGIN INSERT INSERT COMMIT"
	gone := errors.New("connection reset")
	tests := []struct {
		name    string
		dialect sqlstore.Dialect
		at      string
		fails   int
		err     error
		sent    string
		want    error
	}{
		{"nothing fails", sqlstore.PostgreSQL, "", 0, nil, once, nil},
		{"a serialization failure", sqlstore.PostgreSQL, "INSERT INTO countersign_provider", 1, stateError("40001"),
			"BEGIN INSERT INSERT ROLLBACK " + once, nil},
		{"one at the commit", sqlstore.PostgreSQL, "COMMIT", 2, stateError("40001"), once + " ROLLBACK " + once + " ROLLBACK " + once, nil},
		{"a deadlock that does not end", sqlstore.MySQL, "INSERT INTO countersign_id", 9, &numberError{1213, ""},
			strings.TrimSpace(strings.Repeat("BEGIN INSERT ROLLBACK ", 4)), auth.ErrUnavailable},
		{"a locked file", sqlstore.SQLite, "BEGIN", 5, codeError(5), "BEGIN BEGIN BEGIN BEGIN BEGIN " + once, nil},
		{"a connection that was dead", sqlstore.MySQL, "BEGIN", 2, driver.ErrBadConn, "BEGIN BEGIN " + once, nil},
		{"a connection that is gone", sqlstore.PostgreSQL, "BEGIN", 1, gone, "BEGIN", auth.ErrUnavailable},
		{"an identity that exists", sqlstore.MySQL, "INSERT INTO countersign_id", 1, &numberError{1062, "for key 'PRIMARY'"},
			"BEGIN INSERT ROLLBACK", login.ErrExists},
		{"an entity that exists", sqlstore.MySQL, "INSERT INTO countersign_provider", 1, &numberError{1062, "for key 'x.PRIMARY'"},
			"BEGIN INSERT INSERT ROLLBACK", login.ErrExists},
		{"another key that exists", sqlstore.MySQL, "INSERT INTO countersign_id", 1, &numberError{1062, "'PRIMARY'' for key 'ours'"},
			"BEGIN INSERT ROLLBACK", auth.ErrUnavailable},
		{"an entity that exists, in PostgreSQL", sqlstore.PostgreSQL, "INSERT INTO countersign_provider", 1, nil,
			"BEGIN INSERT INSERT ROLLBACK", login.ErrExists},
		{"another key that exists, in PostgreSQL", sqlstore.PostgreSQL, "INSERT INTO countersign_provider", 1, stateError("23505"),
			"BEGIN INSERT INSERT ROLLBACK", auth.ErrUnavailable},
		{"a commit whose answer is lost", sqlstore.SQLite, "COMMIT", 1, gone, once + " ROLLBACK", auth.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := failingAt(tt.at, tt.fails, tt.err)
			err := open(t, s, tt.dialect).Identities().Create(t.Context(), identity("ann"))
			check(t, fmt.Sprintf("%v is %v", err, tt.want), errors.Is(err, tt.want), true)
			check(t, "statements", wordsOf(s.statements()), tt.sent)
		})
	}
}

// What a transaction of the application cannot take back is no answer any more.
func TestSavepointThatIsGone(t *testing.T) {
	s := &script{}
	s.answer = func(query string, _ []any) (answer, error) {
		if strings.HasPrefix(query, "ROLLBACK TO") {
			return answer{}, &numberError{1305, ""}
		}
		return answer{}, nil // no row is changed: the identity exists
	}
	tx, err := s.open(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	err = open(t, s, sqlstore.SQLite).Identities().In(tx).Create(t.Context(), identity("ann"))
	check(t, fmt.Sprint(err, " is unavailable"), errors.Is(err, auth.ErrUnavailable), true)
	check(t, "is ErrExists", errors.Is(err, login.ErrExists), false)
	check(t, "statements", wordsOf(s.statements()), "SAVEPOINT INSERT ROLLBACK")
}

// A Replace by somebody who has read what is there no more is told so, also where it is gone or changed while it looks.
func TestReplaceThatLoses(t *testing.T) {
	there := func(version int64, entities string) []any {
		digest := sha256.Sum256([]byte(`[["emailpass","` + entities + `"]]`))
		return []any{version, digest[:], `[{"provider":"emailpass","entity_id":"` + entities + `"}]`}
	}
	const looked, again = "UPDATE SELECT", "UPDATE SELECT BEGIN UPDATE ROLLBACK SELECT"
	edited := []any{int64(1), make([]byte, 32), `[{"provider":"emailpass","entity_id":"bob"}]`}
	damaged := []any{int64(1), make([]byte, 32), "topsecret"}
	for name, tt := range map[string]struct {
		found []([]any) // one after another; the last one again and again
		want  error
		sent  string
	}{
		"another version":                        {[][]any{there(2, "ann")}, login.ErrConflict, looked},
		"none":                                   {[][]any{nil}, login.ErrNotFound, looked},
		"other entities, then none":              {[][]any{there(1, "bob"), nil}, login.ErrNotFound, again},
		"other entities, then another version":   {[][]any{there(1, "bob"), there(2, "bob")}, login.ErrConflict, again},
		"the same, as an old transaction sees":   {[][]any{there(1, "ann")}, login.ErrConflict, again},
		"entities that are not those it has":     {[][]any{edited}, login.ErrCorrupt, looked},
		"entities that nobody can read any more": {[][]any{damaged}, login.ErrCorrupt, looked},
	} {
		t.Run(name, func(t *testing.T) {
			s, looks := &script{}, 0
			s.answer = func(query string, _ []any) (answer, error) {
				if !strings.HasPrefix(query, "SELECT") {
					return answer{}, nil
				}
				row := tt.found[min(looks, len(tt.found)-1)]
				if looks++; row == nil {
					return answer{}, nil
				}
				return answer{rows: [][]any{row}}, nil
			}
			err := open(t, s, sqlstore.SQLite).Identities().Replace(t.Context(), identity("ann"))
			check(t, fmt.Sprint(err, " is ", tt.want), errors.Is(err, tt.want), true)
			check(t, "tells a secret", strings.Contains(err.Error(), "topsecret"), false)
			check(t, "statements", wordsOf(s.statements()), tt.sent)
		})
	}
}

// What no store keeps is refused before anything is sent, and what no row can have is not looked for.
func TestNothingIsSentForWhatCannotBe(t *testing.T) {
	s := &script{}
	store := open(t, s, sqlstore.PostgreSQL)
	for _, text := range []string{"", "a\x00b", "\xff", strings.Repeat("x", 257)} {
		_, getErr := store.Identities().Get(t.Context(), text)
		_, findErr := store.Identities().Find(t.Context(), text, "ann")
		_, entityErr := store.Identities().Find(t.Context(), "emailpass", text)
		_, tokenErr := store.OneTimeTokens().Get(t.Context(), text, at)
		_, consumeErr := store.OneTimeTokens().Consume(t.Context(), text, token.Sum("a"), at)
		for _, err := range []error{getErr, findErr, entityErr, tokenErr, consumeErr} {
			check(t, fmt.Sprintf("%q: %v: is ErrNotFound", text, err), errors.Is(err, login.ErrNotFound), true)
		}
		a, loadErr := store.Attempts().Load(t.Context(), text, at)
		check(t, "attempts", a, login.Attempts{Key: text})
		deleteErr := errors.Join(store.Identities().Delete(t.Context(), text), store.OneTimeTokens().Delete(t.Context(), text))
		check(t, "errors", errors.Join(loadErr, deleteErr), nil)
		refused := store.Identities().Create(t.Context(), identity(text))
		check(t, fmt.Sprintf("%q: is refused, and not for an outage (%v)", text, refused), refused != nil && !auth.IsUnavailable(refused), true)
	}
	for _, err := range []error{
		store.OneTimeTokens().Put(t.Context(), login.OneTimeToken{ID: token.NewID(), Expires: at}),
		store.Attempts().Swap(t.Context(), login.Attempts{Key: token.NewID(), Count: -1, Expires: at}, at),
		store.Identities().Replace(t.Context(), login.AuthIdentity{}),
	} {
		check(t, fmt.Sprintf("is refused, and not for an outage (%v)", err), err != nil && !auth.IsUnavailable(err), true)
	}
	check(t, "statements", len(s.statements()), 0)
}

// A token is used up by whoever removed it, and by nobody who has only seen it.
func TestConsumeOfWhatIsGone(t *testing.T) {
	for removed, want := range map[int64]error{1: nil, 0: login.ErrNotFound} {
		s, values := &script{}, []any{token.NewID(), []byte(strings.Repeat("a", 32)), nil, "2026-11-21 10:30:00.000000"}
		s.answer = func(query string, _ []any) (answer, error) {
			if strings.HasPrefix(query, "SELECT") {
				return answer{rows: [][]any{values}}, nil
			}
			return answer{changed: removed}, nil
		}
		digest := token.Digest([]byte(strings.Repeat("a", 32)))
		_, err := open(t, s, sqlstore.SQLite).OneTimeTokens().Consume(t.Context(), "x", digest, at)
		check(t, "error", err, want)
		check(t, "statements", wordsOf(s.statements()), "SELECT DELETE")
	}
}
