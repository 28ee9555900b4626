package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

var findCases = slices.Concat(
	through(asKeyLister, keys.listing()),
	[]testCase[findable]{
		{"Find by owner follows a change of the owner", findFollowsOwner},
		{"a key that many give away has one owner", ownerRace},
		{"Find by owner leaves out what was deleted", findLeavesOutDeleted},
		{"Find by IDs finds these and nothing else", stocked(stock.ids)},
		{"Find by title compares byte for byte", stocked(stock.titleQueries)},
		{"Find by text takes the letters of ASCII in either case, and nothing for a pattern", stocked(stock.textQueries)},
		{"Find by kind finds that kind alone", stocked(stock.kindQueries)},
		{"Find by revocation compares to the microsecond", stocked(stock.revocationQueries)},
		{"Find returns a page, and how many keys there are", stocked(stock.pages)},
		{"Find finds what all members of a Query ask for", stocked(stock.mixed)},
		{"Find of what no key has is empty", findOdd},
		{"Find with an owner, IDs, a title or a text finds none but those", findAlone},
	},
)

// A stock is a set of keys that look alike, and as they are in the store.
type stock struct {
	keys    []apikey.Key
	mark    string // that all titles have, and no other key's
	owners  []auth.Actor
	ends    []time.Time // at which some of them stop working
	created time.Time
}

// stocked returns a check that makes a stock, and asks for some of it.
func stocked(queries func(stock) []apikey.Query) func(context.Context, findable) error {
	return func(ctx context.Context, s findable) error {
		kept, err := newStock(ctx, s)
		if err != nil {
			return err
		}
		var errs []error
		for _, q := range queries(kept) {
			errs = append(errs, kept.finds(ctx, s, q))
		}
		return distinct(errs)
	}
}

// newStock creates keys of all combinations of what is hard to find, in no order.
func newStock(ctx context.Context, s findable) (stock, error) {
	mark := token.NewID()
	end := time.Now().UTC().Truncate(time.Second).Add(123_456 * tick)
	kept := stock{
		mark: mark,
		owners: []auth.Actor{
			{Type: "user", ID: mark}, {Type: "User", ID: mark}, {Type: "user", ID: strings.ToUpper(mark)}, {Type: "user", ID: mark + " "},
			{Type: "user-" + mark}, // an owner without an ID is one, too
		},
		ends:    []time.Time{end.Add(-time.Hour), end, end.Add(tick), end.Add(time.Hour)},
		created: end.Add(-24 * time.Hour),
	}
	revocations := []apikey.Revocation{
		{}, {At: kept.ends[0]}, {At: end}, {At: end.Add(tick)}, {At: kept.ends[0], Until: end}, {At: end, Until: kept.ends[3]},
		{At: end, Until: end.Add(tick), By: "bob"},
	}
	kinds := []apikey.Kind{apikey.Secret, apikey.Publishable}
	for i, title := range kept.titles() {
		k := keys.fresh(nil)
		k.Title, k.Redacted = title, []string{"sk_abc***xyz", "PK_50%***X_Z", ""}[i%3]
		k.Owner, k.Kind, k.Revocation = kept.owners[i%len(kept.owners)], kinds[i%2], revocations[i%len(revocations)]
		k.CreatedAt = kept.created.Add(time.Duration(i*7%11) * tick) // some at the same time
		if i%9 == 8 {
			k.CreatedAt = time.Time{}
		}
		if err := must("Create", s.Create(ctx, k)); err != nil {
			return stock{}, err
		}
		k.Version = 1
		kept.keys = append(kept.keys, k)
	}
	return kept, nil
}

// parts are what titles have beside the mark: as patterns, statements, and letters of which some libraries say that they
// are others in another case.
var parts = []string{
	"", "a", "A", " a", "a ", "50%", "50_", "50 percent", "5%0", `a\b`, `a\%b`, "a/b", "a*b", "a?b", "[ab]", "a.b", "^a", "a$",
	"O'Brien", `"quoted"`, "'; --", "\u00e9", "\u00c9", "e\u0301", "E\u0301", "\u212a", "k", "\u017f", "s", "\u00df", "SS",
	"\u0130", "I", "\u0131", "\uff21", "\uff41", "\u7528\u6237", "\u6237", "\u05e9\u05dc", "\U0001F5DD", "\ufb01", "fi", "Fi", "\t", "\n",
}

func (st stock) titles() (titles []string) {
	for i, part := range parts {
		titles = append(titles, []string{st.mark + part, part + st.mark, part + strings.ToUpper(st.mark) + part}[i%3])
	}
	return titles
}

// allIDs returns the IDs of all keys, so that a query finds no other.
func (st stock) allIDs() []string { return keys.ids(st.keys...) }

// finds returns what is wrong unless Find returns what Query.Select makes of the stock.
func (st stock) finds(ctx context.Context, s findable, q apikey.Query) error {
	got, total, err := s.Find(ctx, q)
	if err != nil {
		return must(fmt.Sprintf("Find by %+v", q), err)
	}
	want, all := q.Select(slices.Clone(st.keys))
	if g, w := keys.ids(got...), keys.ids(want...); !slices.Equal(g, w) || total != all {
		return fmt.Errorf("by %.500s, Find returned the keys %.500q of %d, want %.500q of %d", fmt.Sprintf("%+v", q), g, total, w, all)
	}
	return difference(got, slices.Clip(want))
}

func (st stock) ids() []apikey.Query {
	ids := st.allIDs()
	many := slices.Clone(ids)
	for range 2_000 {
		many = append(many, token.NewID())
	}
	id := ids[0]
	queries := []apikey.Query{
		{IDs: ids}, {IDs: ids[:1]}, {IDs: ids[3:9]}, {IDs: many}, {IDs: slices.Repeat(ids[:2], 3)}, {IDs: []string{}},
		{IDs: []string{token.NewID()}}, {IDs: []string{""}}, {IDs: []string{"%"}}, {IDs: []string{strings.ToUpper(id)}},
		{IDs: []string{id + " ", " " + id, id[1:], id + "%", `["` + id + `"]`, id + `","` + ids[1], "' OR '1'='1"}},
	}
	for _, text := range odd(id) {
		queries = append(queries, apikey.Query{IDs: []string{text}}, apikey.Query{IDs: []string{ids[1], text}})
	}
	return queries
}

func (st stock) titleQueries() (queries []apikey.Query) {
	for _, k := range st.keys {
		queries = append(queries, apikey.Query{Title: k.Title})
	}
	for _, title := range []string{st.mark + "%", st.mark + "_", strings.ToUpper(st.mark), st.mark + "  ", st.mark[1:], st.mark + `\a`} {
		queries = append(queries, apikey.Query{Title: title})
	}
	return queries
}

func (st stock) textQueries() (queries []apikey.Query) {
	of := []string{st.mark, strings.ToUpper(st.mark), st.mark[3:9], "Sk_ABC", "***", "%***x_", "_", "%", `\`, "''", `\\`, "%%", "a_b"}
	of = append(of, parts[1:]...)
	for _, part := range parts {
		of = append(of, strings.ToLower(part), strings.ToUpper(part), st.mark+part, strings.ToUpper(st.mark)+part)
	}
	for _, text := range of {
		queries = append(queries, apikey.Query{IDs: st.allIDs(), Text: text})
	}
	return queries
}

func (st stock) kindQueries() []apikey.Query {
	return []apikey.Query{
		{IDs: st.allIDs(), Kind: apikey.Secret}, {IDs: st.allIDs(), Kind: apikey.Publishable}, {IDs: st.allIDs(), Kind: "Secret"},
		{IDs: st.allIDs(), Kind: "secret "}, {IDs: st.allIDs(), Kind: " "}, {IDs: st.allIDs(), Kind: "%"}, {Owner: st.owners[0], Kind: apikey.Secret},
	}
}

func (st stock) revocationQueries() (queries []apikey.Query) {
	yes, no := true, false
	queries = append(queries,
		apikey.Query{IDs: st.allIDs(), Revoked: &yes}, apikey.Query{IDs: st.allIDs(), Revoked: &no},
		apikey.Query{IDs: st.allIDs(), Revoked: &no, RevokedAfter: st.ends[0]})
	times := []time.Time{
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Unix(0, 0),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(12_000, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, end := range st.ends {
		times = append(times, end.Add(-tick), end.Add(-1), end, end.In(faraway), end.Add(1), end.Add(tick))
	}
	for _, at := range times {
		queries = append(queries,
			apikey.Query{IDs: st.allIDs(), RevokedAfter: at}, apikey.Query{IDs: st.allIDs(), RevokedBefore: at},
			apikey.Query{IDs: st.allIDs(), RevokedAfter: st.ends[0], RevokedBefore: at, Revoked: &yes})
	}
	return queries
}

func (st stock) pages() (queries []apikey.Query) {
	n := len(st.keys)
	for _, newest := range []bool{false, true} {
		for _, limit := range []int{0, -1, 1, 2, 7, n - 1, n, n + 1, math.MaxInt} {
			for _, offset := range []int{0, -1, 1, 5, n - 1, n, n + 1, math.MaxInt} {
				queries = append(queries, apikey.Query{IDs: st.allIDs(), Newest: newest, Limit: limit, Offset: offset})
			}
		}
		queries = append(queries,
			apikey.Query{Owner: st.owners[0], Newest: newest, Limit: 2, Offset: 1},
			apikey.Query{Owner: st.owners[0], Newest: newest, Limit: 2, Offset: 100},
			apikey.Query{Owner: st.owners[1], Newest: newest, Kind: apikey.Secret, Limit: 2},
			apikey.Query{Owner: st.owners[4], Newest: newest, Offset: 1})
	}
	return queries
}

// mixed returns queries of all members at once, chosen at random but always the same.
func (st stock) mixed() (queries []apikey.Query) {
	rng := rand.New(rand.NewPCG(1, 2))
	yes, no := true, false
	for range 300 {
		q := apikey.Query{
			Title:   pick(rng, []string{"", "", "", "", pick(rng, st.keys).Title}),
			Text:    pick(rng, []string{"", st.mark, strings.ToUpper(st.mark[:8]), "%", "a", "50%", "sk_", "\u00e9"}),
			Kind:    pick(rng, []apikey.Kind{"", "", apikey.Secret, apikey.Publishable}),
			Revoked: pick(rng, []*bool{nil, nil, nil, &yes, &no}),
			Newest:  rng.IntN(2) == 0,
			Limit:   pick(rng, []int{0, 0, 1, 3, 10, 100}),
			Offset:  pick(rng, []int{0, 0, 0, 1, 2, 30}),
		}
		if rng.IntN(3) == 0 {
			q.RevokedAfter = pick(rng, st.ends)
		}
		if rng.IntN(3) == 0 {
			q.RevokedBefore = pick(rng, st.ends)
		}
		switch rng.IntN(3) { // always one of the two, or there would be keys of others
		case 0:
			q.Owner = pick(rng, st.owners)
		case 1:
			q.IDs = st.allIDs()
		default:
			q.Owner, q.IDs = pick(rng, st.owners), st.allIDs()[rng.IntN(10):]
		}
		queries = append(queries, q)
	}
	return queries
}

// findAlone asks for keys among those of everybody, by each member that can be alone, and looks at what comes beside those of
// the stock.
func findAlone(ctx context.Context, s findable) error {
	kept, err := newStock(ctx, s)
	if err != nil {
		return err
	}
	yes, no := true, false
	var errs []error
	for _, q := range []apikey.Query{
		{Text: kept.mark}, {Text: strings.ToUpper(kept.mark), Newest: true}, {Title: kept.keys[4].Title}, {Kind: apikey.Secret},
		{Kind: apikey.Publishable, Newest: true}, {Revoked: &yes}, {Revoked: &no}, {RevokedAfter: kept.ends[1]},
		{RevokedBefore: kept.ends[1]}, {}, {Newest: true},
	} {
		got, total, err := s.Find(ctx, q)
		if err != nil || total < len(got) {
			return fmt.Errorf("by %+v, Find returned %d keys of %d and %s, want no fewer in all, and nil", q, len(got), total, quote(err))
		}
		mine := slices.DeleteFunc(slices.Clone(got), func(k apikey.Key) bool { return !slices.Contains(kept.allIDs(), k.ID) })
		want, _ := q.Select(slices.Clone(kept.keys))
		if g, w := keys.ids(mine...), keys.ids(want...); !slices.Equal(g, w) {
			errs = append(errs, fmt.Errorf("by %+v, Find returned %.500q, want %.500q, not counting the keys of others", q, g, w))
		}
		if slices.ContainsFunc(got, func(k apikey.Key) bool { return !q.Match(k) }) {
			errs = append(errs, fmt.Errorf("by %+v, Find returned a key that it was not asked for", q))
		}
	}
	return errors.Join(errs...)
}

// findOdd asks for text that no key has.
func findOdd(ctx context.Context, s findable) error {
	kept, err := newStock(ctx, s)
	if err != nil {
		return err
	}
	var errs []error
	for _, text := range odd(kept.mark) {
		errs = append(errs,
			kept.finds(ctx, s, apikey.Query{Title: text}),
			kept.finds(ctx, s, apikey.Query{IDs: kept.allIDs(), Kind: apikey.Kind(text)}),
			kept.finds(ctx, s, apikey.Query{IDs: kept.allIDs(), Text: text, Limit: 1}),
			kept.finds(ctx, s, apikey.Query{Owner: auth.Actor{Type: "user", ID: text}, Limit: 1, Offset: 1}))
	}
	return errors.Join(errs...)
}

// findFollowsOwner gives a key to another owner.
func findFollowsOwner(ctx context.Context, s findable) error {
	k, err := keys.create(ctx, s, nil)
	if err != nil {
		return err
	}
	last, next := k.Owner, auth.Actor{Type: "user", ID: token.NewID()}
	k.Owner = next
	if err := must("Replace", s.Replace(ctx, k)); err != nil {
		return err
	}
	return errors.Join(
		keys.lists(ctx, asKeyLister(s), last, "whose key has become another's"),
		keys.lists(ctx, asKeyLister(s), next, "who has taken over a key", k),
	)
}

func findLeavesOutDeleted(ctx context.Context, s findable) error {
	recs, owner, err := keys.family(ctx, s, 3)
	if err != nil {
		return err
	}
	if err := must("Delete", s.Delete(ctx, recs[1].ID)); err != nil {
		return err
	}
	return keys.lists(ctx, asKeyLister(s), owner, "one of whose keys was deleted", recs[0], recs[2])
}
