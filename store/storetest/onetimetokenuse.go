package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

func consumeOnce(ctx context.Context, s login.TokenStore) error {
	t, other, err := newPuts(ctx, s)
	if err != nil {
		return err
	}
	if err := consumes(ctx, s, t, "after Put"); err != nil {
		return err
	}
	next := newToken()
	next.ID = t.ID
	return errors.Join(
		spent(ctx, s, t, "after Consume", "it is good once"),
		good(ctx, s, other, "after Consume of another"),
		put(ctx, s, next),
		void(ctx, s, t, "after Consume and Put of another with its ID", "it is good once"),
		consumes(ctx, s, next, "after Consume of another with its ID"))
}

// consumeCompares tries digests that differ from the right one in one bit or in length, or are those of other tokens.
func consumeCompares(ctx context.Context, s login.TokenStore) error {
	t, other, err := newPuts(ctx, s)
	if err != nil {
		return err
	}
	wrong := []token.Digest{{}, other.Digest, token.Sum("")}
	for _, at := range []int{0, 1, 15, 16, 30, 31} {
		for _, bit := range []byte{1, 0x20, 0x80} {
			d := t.Digest
			d[at] ^= bit
			wrong = append(wrong, d)
		}
	}
	var errs []error
	for _, d := range wrong {
		guess := login.OneTimeToken{ID: t.ID, Digest: d}
		errs = append(errs, void(ctx, s, guess, fmt.Sprintf("for the digest %x instead of %x", d, t.Digest),
			"whoever knows the ID, which is public, could use the token"))
	}
	return errors.Join(append(errs,
		good(ctx, s, t, "after Consume of other digests"),
		good(ctx, s, other, "after Consume of its digest with another ID"),
		consumes(ctx, s, t, "after Consume of other digests"))...)
}

func consumeExpires(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	got, at := s.Consume(ctx, t.ID, t.Digest, t.Expires)
	_, after := s.Consume(ctx, t.ID, t.Digest, t.Expires.Add(tick))
	unchanged := good(ctx, s, t, "after Consume at Expires")
	_, before := s.Consume(ctx, t.ID, t.Digest, t.Expires.Add(-tick))
	return errors.Join(
		expect("Consume at Expires", at, login.ErrNotFound, "the token has expired"),
		nothingWith("Consume at Expires", got, at),
		expect("Consume one microsecond after Expires", after, login.ErrNotFound, "the token has expired"),
		unchanged,
		expect("Consume one microsecond before Expires", before, nil, "the token has not expired"))
}

// tokenClockAhead makes calls at a time at which the token has expired, as one of many servers may whose clock is wrong.
func tokenClockAhead(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	later := t.Expires.Add(24 * time.Hour)
	_, got := s.Get(ctx, t.ID, later)
	_, consumed := s.Consume(ctx, t.ID, t.Digest, later)
	return errors.Join(
		expect("Get a day after Expires", got, login.ErrNotFound, "the token has expired"),
		expect("Consume a day after Expires", consumed, login.ErrNotFound, "the token has expired"),
		good(ctx, s, t, "after calls by a clock that is ahead"),
		consumes(ctx, s, t, "after calls by a clock that is ahead"))
}

func tokenDelete(ctx context.Context, s login.TokenStore) error {
	t, other, err := newPuts(ctx, s)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range []string{"", "*", "%", t.ID + " ", t.ID[:16], token.NewID()} {
		errs = append(errs, expect(fmt.Sprintf("Delete of %q", id), s.Delete(ctx, id), nil, "there is no token to remove"))
	}
	errs = append(errs, good(ctx, s, t, "after Delete of other IDs"))
	first, second := s.Delete(ctx, t.ID), s.Delete(ctx, t.ID)
	next := newToken()
	next.ID = t.ID
	return errors.Join(append(errs,
		expect("Delete", first, nil, "the token is there"),
		expect("a repeated Delete", second, nil, "who lost the first answer may ask again"),
		spent(ctx, s, t, "after Delete", "it was made void"),
		good(ctx, s, other, "after Delete of another ID"),
		put(ctx, s, next),
		void(ctx, s, t, "after Delete and Put of another with its ID", "it was made void"),
		consumes(ctx, s, next, "after Delete and Put"))...)
}

// likeID returns what is like an ID, and is none, or another.
func likeID(id string) []string {
	return []string{
		strings.ToUpper(id), id + " ", " " + id, id + "a", id[:len(id)-1], id[1:], "*", "%", "?" + id[1:], "_" + id[1:], id[:8] + "*",
		id[:8] + "%", "[" + id[:1] + "]" + id[1:], "{" + id + "}", `\` + id, "../" + id, "./" + id, "x' OR '1'='1",
		id + "' --", id + "\n",
	}
}

func tokenIDsAreBytes(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	return standsForNothing(ctx, s, t, likeID(t.ID))
}

func tokenOddIDs(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	return standsForNothing(ctx, s, t, odd(t.ID))
}

// standsForNothing returns what is wrong unless none of ids, which are all like that of t, stands for it.
func standsForNothing(ctx context.Context, s login.TokenStore, t login.OneTimeToken, ids []string) error {
	var errs []error
	for _, id := range ids {
		like := t
		like.ID = id
		errs = append(errs,
			spent(ctx, s, like, fmt.Sprintf("for the ID %.60q", id), "only "+t.ID+" was put there"),
			expect(fmt.Sprintf("Delete of %.60q", id), s.Delete(ctx, id), nil, "there is no token to remove"))
	}
	return errors.Join(append(errs, good(ctx, s, t, "after calls with other IDs"))...)
}

// dataOf returns data with a text that is written as it is.
func dataOf(text string) auth.Metadata { return auth.RawMetadata(`{"a":"` + text + `"}`) }

// putRefused tries to keep tokens that no store keeps, each under an ID of its own, and in the place of another.
func putRefused(ctx context.Context, s login.TokenStore) error {
	old, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	unkept := map[string]func(*login.OneTimeToken){
		"without an ID":               func(t *login.OneTimeToken) { t.ID = "" },
		"with an ID in upper case":    func(t *login.OneTimeToken) { t.ID = strings.ToUpper(t.ID) },
		"with an ID that is too long": func(t *login.OneTimeToken) { t.ID += strings.Repeat("a", 1<<20) },
		"without a digest":            func(t *login.OneTimeToken) { t.Digest = token.Digest{} },
		"with data that is no object": func(t *login.OneTimeToken) { t.Data = auth.RawMetadata(`"a"]`) },
		"with too much data":          func(t *login.OneTimeToken) { t.Data = dataOf(strings.Repeat("x", 8<<10)) },
		"with a megabyte of data":     func(t *login.OneTimeToken) { t.Data = dataOf(strings.Repeat("x", 1<<20)) },
		"that has no end":             func(t *login.OneTimeToken) { t.Expires = time.Time{} },
		"that ends before 1970":       func(t *login.OneTimeToken) { t.Expires = time.Unix(-1, 0).UTC() },
		"that ends after 9999":        func(t *login.OneTimeToken) { t.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	for _, text := range bad {
		unkept[fmt.Sprintf("with %q in its ID", text)] = func(t *login.OneTimeToken) { t.ID += text }
		unkept[fmt.Sprintf("with %q in its data", text)] = func(t *login.OneTimeToken) { t.Data = dataOf(text) }
	}
	var errs []error
	for what, change := range unkept {
		created, replacing := newToken(), newToken()
		replacing.ID = old.ID
		id := created.ID
		change(&created)
		change(&replacing)
		what = "Put of a token " + what
		errs = append(errs, refusal(what, s.Put(ctx, created), loginAnswers), refusal(what, s.Put(ctx, replacing), loginAnswers))
		_, err := s.Get(ctx, id, time.Now())
		errs = append(errs,
			expect("after "+what+", Get", err, login.ErrNotFound, "it was refused"),
			good(ctx, s, old, "after "+what+" in its place"))
	}
	return errors.Join(errs...)
}

func tokenDone(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	next, other := newToken(), newToken()
	next.ID = t.ID
	return errors.Join(
		refused(ctx, loginAnswers,
			call{"Put", func(ctx context.Context) error { return s.Put(ctx, other) }},
			call{"Put in the place of another", func(ctx context.Context) error { return s.Put(ctx, next) }},
			call{"Get", func(ctx context.Context) error { _, err := s.Get(ctx, t.ID, time.Now()); return err }},
			call{"Get of an unknown ID", func(ctx context.Context) error {
				_, err := s.Get(ctx, other.ID, time.Now())
				return err
			}},
			call{"Consume", func(ctx context.Context) error { _, err := s.Consume(ctx, t.ID, t.Digest, time.Now()); return err }},
			call{"Consume of another digest", func(ctx context.Context) error {
				_, err := s.Consume(ctx, t.ID, other.Digest, time.Now())
				return err
			}},
			call{"Delete", func(ctx context.Context) error { return s.Delete(ctx, t.ID) }},
		),
		spent(ctx, s, other, "after a Put with a context that is done", "it said that it failed"),
		good(ctx, s, t, "after calls with a context that is done"),
		consumes(ctx, s, t, "after calls with a context that is done"))
}
