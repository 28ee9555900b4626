package storetest_test

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

// found returns a Find whose keys are what change makes of the right ones.
func found(m *memory.APIKeys, change func(apikey.Query, []apikey.Key) []apikey.Key) func(context.Context, apikey.Query) ([]apikey.Key, int, error) {
	return func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
		recs, _, err := m.Find(ctx, q)
		recs = change(q, recs)
		return recs, len(recs), err
	}
}

// finding has Find find what it would for another query.
func finding(change func(*apikey.Query)) func(*keys, *memory.APIKeys) {
	return func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			change(&q)
			return m.Find(ctx, q)
		}
	}
}

// matching has Find look by itself for one member, which without clears, and for the others as it should.
func matching(without func(*apikey.Query), match func(apikey.Query, apikey.Key) bool) func(*keys, *memory.APIKeys) {
	return func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			others := q
			without(&others)
			others.Limit, others.Offset = 0, 0
			recs, _, err := m.Find(ctx, others)
			recs = slices.DeleteFunc(recs, func(k apikey.Key) bool { return !match(q, k) })
			page, total := apikey.Query{Newest: q.Newest, Limit: q.Limit, Offset: q.Offset}.Select(recs)
			return page, total, err
		}
	}
}

func withoutTitle(q *apikey.Query) { q.Title = "" }
func withoutText(q *apikey.Query)  { q.Text = "" }

// byText has Find look for a text in the title and what is left of the key.
func byText(match func(s, part string) bool) func(*keys, *memory.APIKeys) {
	return matching(withoutText, func(q apikey.Query, k apikey.Key) bool {
		return q.Text == "" || match(k.Title, q.Text) || match(k.Redacted, q.Text)
	})
}

// like is what LIKE does with a text that nobody has escaped.
func like(s, part string) bool {
	pattern := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(part))
	return regexp.MustCompile("(?is)" + pattern).MatchString(strings.ToLower(s))
}

const (
	inText  = "Find by text takes the letters of ASCII in either case, and nothing for a pattern"
	inTime  = "Find by revocation compares to the microsecond"
	inPages = "Find returns a page, and how many keys there are"
	inMixed = "Find finds what all members of a Query ask for"
)

// brokenFinds have their faults in Find.
var brokenFinds = []broken[*keys, *memory.APIKeys]{
	{"Find looks at the ID of the owner alone", "Find by owner holds what is the owner's and nothing else",
		func(s *keys, m *memory.APIKeys) {
			s.find = func(ctx context.Context, q apikey.Query) (all []apikey.Key, total int, err error) {
				for _, q.Owner = range others(q.Owner) {
					recs, n, findErr := m.Find(ctx, q)
					all, total, err = append(all, recs...), total+n, findErr
				}
				return all, total, err
			}
		}},
	{"Find is the newest first", "Find by owner is the oldest first", finding(func(q *apikey.Query) { q.Newest = true })},
	{"Find forgets the metadata", "Find by owner returns whole records", func(s *keys, m *memory.APIKeys) {
		s.find = found(m, func(_ apikey.Query, recs []apikey.Key) []apikey.Key {
			for i := range recs {
				recs[i].Metadata = auth.Metadata{}
			}
			return recs
		})
	}},
	{"Find ignores the context", "Find by owner with a context that is done is an error", func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			return m.Find(context.WithoutCancel(ctx), q)
		}
	}},
	{"Replace leaves the index as it was", "Find by owner follows a change of the owner", func(s *keys, m *memory.APIKeys) {
		first := map[auth.Actor]string{}
		s.create = func(ctx context.Context, k apikey.Key) error {
			first[k.Owner] = k.ID
			return m.Create(ctx, k)
		}
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			if first[q.Owner] == "" {
				return nil, 0, nil
			}
			k, err := m.Get(ctx, first[q.Owner])
			return []apikey.Key{k}, 1, err
		}
	}},
	{"Delete leaves the index as it was", "Find by owner leaves out what was deleted", func(s *keys, m *memory.APIKeys) {
		s.delete = func(context.Context, string) error { return nil }
	}},
	{"Find takes IDs for paths", "Find by IDs finds these and nothing else", finding(func(q *apikey.Query) {
		q.IDs = slices.Clone(q.IDs)
		for i, id := range q.IDs {
			q.IDs[i] = path.Base(strings.TrimSpace(id))
		}
	})},
	{"Find by no IDs finds all", "Find by IDs finds these and nothing else", finding(func(q *apikey.Query) {
		if len(q.IDs) == 0 {
			q.IDs = nil
		}
	})},
	{"Find takes a thousand IDs", "Find by IDs finds these and nothing else", finding(func(q *apikey.Query) {
		slices.Reverse(q.IDs)
		q.IDs = q.IDs[:min(len(q.IDs), 1000)]
	})},
	{"a collation compares titles", "Find by title compares byte for byte",
		matching(withoutTitle, func(q apikey.Query, k apikey.Key) bool { return q.Title == "" || strings.EqualFold(q.Title, k.Title) })},
	{"blanks at the end of a title are nothing", "Find by title compares byte for byte",
		matching(withoutTitle, func(q apikey.Query, k apikey.Key) bool {
			return q.Title == "" || strings.TrimRight(q.Title, " ") == strings.TrimRight(k.Title, " ")
		})},
	{"a text is a pattern", inText, byText(like)},
	{"the text is in titles alone", inText, matching(withoutText, func(q apikey.Query, k apikey.Key) bool {
		k.Redacted = ""
		return apikey.Query{Text: q.Text}.Match(k)
	})},
	{"a text compares with its case", inText, byText(strings.Contains)},
	{"a text compares without any case", inText,
		byText(func(s, part string) bool { return strings.Contains(strings.ToUpper(s), strings.ToUpper(part)) })},
	{"every key is secret", "Find by kind finds that kind alone", finding(func(q *apikey.Query) { q.Kind = "" })},
	{"revoked is revoked by now", inTime, func(s *keys, m *memory.APIKeys) {
		s.find = found(m, func(q apikey.Query, recs []apikey.Key) []apikey.Key {
			return slices.DeleteFunc(recs, func(k apikey.Key) bool {
				return q.Revoked != nil && *q.Revoked && k.Revocation.Effective().After(time.Now())
			})
		})
	}},
	{"the end of a key is when it was revoked", inTime, matching(
		func(q *apikey.Query) { q.RevokedAfter, q.RevokedBefore = time.Time{}, time.Time{} },
		func(q apikey.Query, k apikey.Key) bool {
			k.Revocation.Until = time.Time{}
			return apikey.Query{RevokedAfter: q.RevokedAfter, RevokedBefore: q.RevokedBefore}.Match(k)
		})},
	{"a part of a microsecond is nothing", inTime, finding(func(q *apikey.Query) {
		q.RevokedBefore = q.RevokedBefore.Truncate(time.Microsecond)
	})},
	{"keys that are not revoked end before everything", inTime, matching(
		func(q *apikey.Query) { q.RevokedBefore = time.Time{} },
		func(q apikey.Query, k apikey.Key) bool {
			return q.RevokedBefore.IsZero() || k.Revocation.Effective().Before(q.RevokedBefore)
		})},
	{"the total is what was returned", inPages, func(s *keys, m *memory.APIKeys) {
		s.find = found(m, func(_ apikey.Query, recs []apikey.Key) []apikey.Key { return recs })
	}},
	{"a page behind the end counts nothing", inPages, func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			recs, total, err := m.Find(ctx, q)
			return recs, total * min(len(recs), 1), err
		}
	}},
	{"keys of the same time are in no order", inPages, func(s *keys, m *memory.APIKeys) {
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			recs, total, err := m.Find(ctx, q)
			slices.SortStableFunc(recs, func(a, b apikey.Key) int { return strings.Compare(b.ID, a.ID) })
			return recs, total, err
		}
	}},
	{"a kind and a text are either", inMixed, matching(
		func(q *apikey.Query) { q.Kind, q.Text = "", "" },
		func(q apikey.Query, k apikey.Key) bool {
			return apikey.Query{Kind: q.Kind}.Match(k) || q.Text != "" && apikey.Query{Text: q.Text}.Match(k)
		})},
	{"Find of everybody's finds nobody's", "Find with an owner, IDs, a title or a text finds none but those",
		func(s *keys, m *memory.APIKeys) {
			s.find = found(m, func(q apikey.Query, recs []apikey.Key) []apikey.Key {
				return slices.DeleteFunc(recs, func(k apikey.Key) bool { return q.Owner == auth.Actor{} && q.Title == "" && k.Owner.ID == "" })
			})
		}},
}
