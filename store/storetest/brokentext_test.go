package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// mended returns what a database may make of text that it cannot keep.
func mended(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "")
}

// untilNUL returns what a program in C takes a text for.
func untilNUL(text string) string {
	before, _, _ := strings.Cut(text, "\x00")
	return before
}

// errEncoding is what a database says of text that it cannot read, unless it is asked first.
func errEncoding(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return errors.New("invalid byte sequence for encoding UTF8")
		}
	}
	return nil
}

// brokenTexts have their faults in text that cannot be kept, or can be kept but seldom is.
var brokenTexts = []broken[*sessions, *memory.Sessions]{
	{"text is mended", "text that no store keeps is refused and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Login.Provider = mended(rec.Login.Provider)
			return m.Create(ctx, rec)
		}
	}},
	{"text is mended by Replace", "text that no store keeps is refused and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			rec.UserAgent = mended(rec.UserAgent)
			return m.Replace(ctx, rec, now)
		}
	}},
	{"text that cannot be kept is an outage", "text that no store keeps is refused and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.create = func(ctx context.Context, rec session.Record) error {
				err := m.Create(ctx, rec)
				if rec.Check() != nil {
					err = fmt.Errorf("%w: %w", auth.ErrUnavailable, err)
				}
				return err
			}
		}},
	{"text that cannot be replaced is not found", "text that no store keeps is refused and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
				if rec.Check() != nil {
					return session.ErrNotFound
				}
				return m.Replace(ctx, rec, now)
			}
		}},
	{"text is cut", "text of a megabyte is refused and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Login.Provider = rec.Login.Provider[:min(len(rec.Login.Provider), 256)]
			return m.Create(ctx, rec)
		}
	}},
	{"metadata that is too large is left out", "text of a megabyte is refused and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.create = func(ctx context.Context, rec session.Record) error {
				if rec.Check() != nil {
					rec.Login.AppMetadata = auth.Metadata{}
				}
				return m.Create(ctx, rec)
			}
		}},
	{"Get of NUL is an error of the driver", "Get of an ID that no store keeps is ErrNotFound", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			if err := errEncoding(id); err != nil {
				return session.Record{}, err
			}
			return m.Get(ctx, id, now)
		}
	}},
	{"Get reads to the first NUL", "Get of an ID that no store keeps is ErrNotFound", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			return m.Get(ctx, untilNUL(id), now)
		}
	}},
	{"Get cuts", "Get of an ID that no store keeps is ErrNotFound", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			if len(id) > 1000 {
				id = id[:len(token.NewID())]
			}
			return m.Get(ctx, id, now)
		}
	}},
	{"Delete reads to the first NUL", "Delete of an ID that no store keeps is nil and removes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.delete = func(ctx context.Context, id string) error { return m.Delete(ctx, untilNUL(id)) }
		}},
	{"Delete of NUL is an error of the driver", "Delete of an ID that no store keeps is nil and removes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.delete = func(ctx context.Context, id string) error { return errors.Join(errEncoding(id), m.Delete(ctx, id)) }
		}},
	{"List mends", "List of an owner that no store keeps is empty", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			return m.List(ctx, auth.Actor{Type: mended(actor.Type), ID: actor.ID}, now)
		}
	}},
	{"List of NUL is an error of the driver", "List of an owner that no store keeps is empty", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			if err := errEncoding(actor.Type, actor.ID); err != nil {
				return nil, err
			}
			return m.List(ctx, actor, now)
		}
	}},
	{"DeleteAll reads to the first NUL", "DeleteAll of an actor that no store keeps removes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (int, error) {
				return m.DeleteAll(ctx, auth.Actor{Type: actor.Type, ID: untilNUL(actor.ID)}, except)
			}
		}},
	{"DeleteAll of all but NUL is an error of the driver", "DeleteAll of an actor that no store keeps removes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (int, error) {
				if err := errEncoding(except); err != nil {
					return 0, err
				}
				return m.DeleteAll(ctx, actor, except)
			}
		}},
	{"DeleteIdentity reads to the first NUL", "DeleteIdentity of an identity that no store keeps removes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
				return m.DeleteIdentity(ctx, untilNUL(identity), except)
			}
		}},
	{"a byte order mark is dropped", "a created record comes back whole", provider(func(text string) string {
		return strings.TrimPrefix(text, "\ufeff")
	})},
	{"line ends are changed", "a created record comes back whole", provider(func(text string) string {
		return strings.ReplaceAll(text, "\r\n", "\n")
	})},
	{"what is not in Unicode is mended", "a created record comes back whole", provider(func(text string) string {
		return strings.NewReplacer("\ue000", "\ufffd", "\uffff", "\ufffd").Replace(text)
	})},
	{"characters of four bytes count double", "a created record comes back whole", provider(func(text string) string {
		return text[:min(len(text), 128)]
	})},
	{"a name has 255 bytes at most", "List returns whole records", provider(func(text string) string {
		return strings.ToValidUTF8(text[:min(len(text), 255)], "")
	})},
	{"metadata is decoded and encoded", "a created record comes back whole", appMetadata(func(m auth.Metadata) auth.Metadata {
		var members map[string]any
		if m.Decode(&members) != nil {
			return auth.Metadata{}
		}
		again, _ := auth.NewMetadata(members)
		return again
	})},
	{"metadata has no NUL", "a created record comes back whole", appMetadata(replaced(`\u0000`, ""))},
	{"metadata has no 1.0", "a created record comes back whole", appMetadata(replaced("1.0,", "1,"))},
	{"metadata has the first of two members", "a created record comes back whole",
		appMetadata(replaced(`, "twice":{"b":2}`, ""))},
	{"metadata has no large numbers", "a created record comes back whole",
		appMetadata(replaced("12345678901234567890", "12345678901234567000"))},
	{"metadata has 64 000 bytes", "a replaced record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			if text, _ := rec.Login.AppMetadata.MarshalJSON(); len(text) > 64_000 {
				rec.Login.AppMetadata = auth.Metadata{}
			}
			return m.Replace(ctx, rec, now)
		}
	}},
}

// provider has Create keep what change makes of a name.
func provider(change func(string) string) func(*sessions, *memory.Sessions) {
	return func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Login.Provider = change(rec.Login.Provider)
			return m.Create(ctx, rec)
		}
	}
}

// appMetadata has Create keep what change makes of metadata.
func appMetadata(change func(auth.Metadata) auth.Metadata) func(*sessions, *memory.Sessions) {
	return func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Login.AppMetadata = change(rec.Login.AppMetadata)
			return m.Create(ctx, rec)
		}
	}
}

func replaced(old, new string) func(auth.Metadata) auth.Metadata {
	return func(m auth.Metadata) auth.Metadata {
		text, _ := m.MarshalJSON()
		return auth.RawMetadata(strings.ReplaceAll(string(text), old, new))
	}
}

var brokenKeyTexts = []broken[*keys, *memory.APIKeys]{
	{"a title is mended", "text that no store keeps is refused and changes nothing", created(func(k *apikey.Key) {
		k.Title = mended(k.Title)
	})},
	{"a title is cut", "text of a megabyte is refused and changes nothing", created(func(k *apikey.Key) {
		k.Title = k.Title[:min(len(k.Title), 1<<10)]
	})},
	{"a reason is cut", "text of a megabyte is refused and changes nothing", created(func(k *apikey.Key) {
		k.Revocation.Reason = k.Revocation.Reason[:min(len(k.Revocation.Reason), 1<<10)]
	})},
	{"metadata is left out where it is too large", "text of a megabyte is refused and changes nothing", created(func(k *apikey.Key) {
		if k.Check() != nil {
			k.Metadata = auth.Metadata{}
		}
	})},
	{"Get reads to the first NUL", "Get of an ID that no store keeps is ErrNotFound", func(s *keys, m *memory.APIKeys) {
		s.get = func(ctx context.Context, id string) (apikey.Key, error) { return m.Get(ctx, untilNUL(id)) }
	}},
	{"Delete reads to the first NUL", "Delete of an ID that no store keeps is nil and removes nothing",
		func(s *keys, m *memory.APIKeys) {
			s.delete = func(ctx context.Context, id string) error { return m.Delete(ctx, untilNUL(id)) }
		}},
	{"Find mends", "Find by owner of an owner that no store keeps is empty", func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			q.Owner.ID = mended(q.Owner.ID)
			return m.Find(ctx, q)
		}
	}},
	{"Find of NUL is an error of the driver", "Find of what no key has is empty", func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			if err := errEncoding(q.Title, q.Text, string(q.Kind)); err != nil {
				return nil, 0, err
			}
			return m.Find(ctx, q)
		}
	}},
	{"an ID is cut", "text of a megabyte is refused and changes nothing", created(func(k *apikey.Key) {
		k.ID = k.ID[:min(len(k.ID), 64)]
	})},
}
