package logintest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth/login"
)

// A visit is a log-in up to the request that decides: the first one, or that with which the browser comes back.
type visit struct {
	*browser
	first  answer // of the first request, if the browser was sent elsewhere by it
	fields Fields // of the request that decides, as they are when all is well
	sent   bool   // elsewhere
}

var errElsewhere = errors.New("the provider answers with a Location, which needs Requests.Elsewhere, and a Callback")

// visit goes as far as that.
func (d *desk) visit(good Fields) (visit, error) {
	v := visit{browser: d.browser(), fields: good}
	if d.Elsewhere == nil {
		return v, nil
	}
	v.first = v.post("", good)
	if v.first.location == "" {
		return v, fmt.Errorf("there is a Requests.Elsewhere, and no Location to go there: got %v", v.first)
	}
	v.fields, v.sent = d.Elsewhere(v.first.location), true
	return v, nil
}

// decide sends the request that decides.
func (v visit) decide(f Fields) answer {
	if v.sent {
		return v.back(context.Background(), f)
	}
	return v.post("", f)
}

// logIn logs in by good fields, of which change makes those that decide.
func (d *desk) logIn(good Fields, change func(Fields) Fields) (answer, error) {
	v, err := d.visit(good)
	if err != nil {
		return answer{}, err
	}
	a := v.decide(change(v.fields))
	if a.location != "" {
		return a, errElsewhere
	}
	return a, nil
}

func asTheyAre(f Fields) Fields { return f }

// enter logs in with good fields, and returns an error if that does not work.
func (d *desk) enter(good Fields) (answer, error) {
	a, err := d.logIn(good, asTheyAre)
	if err == nil && (a.status != http.StatusOK || a.token == "") {
		err = fmt.Errorf("good credentials: %w", a.unexpected("not 200 and a token"))
	}
	return a, err
}

func logsIn(d *desk, _ login.Provider) error {
	a, err := d.open()
	if err != nil {
		return err
	}
	for range 2 {
		got, err := d.enter(a.good)
		if err != nil {
			return err
		}
		if a.id != "" && got.identity() != a.id {
			return errors.New("good credentials logged in as somebody else: return the EntityID that Requests.Account says is kept")
		}
	}
	return nil
}

func namesOne(d *desk, _ login.Provider) error {
	seen := map[string]bool{}
	for range 2 {
		a, err := d.open()
		if err != nil {
			return err
		}
		names := map[string]bool{}
		for range 2 {
			got, err := d.logIn(a.good, asTheyAre)
			if err != nil {
				return err
			}
			out := got.last().out
			if err := errors.Join(got.last().err, checkOutcome(out)); err != nil {
				return err
			}
			names[out.EntityID] = true
		}
		if len(names) != 1 {
			return fmt.Errorf("an account has %d EntityIDs: each would be somebody else", len(names))
		}
		maps.Copy(seen, names)
	}
	if len(seen) != 2 {
		return errors.New("two accounts have one EntityID: each could log in as the other")
	}
	return nil
}

func checkOutcome(out login.Outcome) error {
	switch {
	case out.EntityID == "":
		return errors.New("an Outcome has no EntityID: it names nobody")
	case len(out.EntityID) > 256 || !utf8.ValidString(out.EntityID) || strings.Contains(out.EntityID, "\x00"):
		return errors.New("an Outcome has an EntityID that cannot be kept: 256 bytes of UTF-8 at most, without NUL")
	}
	return nil
}

func refusesBad(d *desk, _ login.Provider) error {
	return d.eachBad(func(change func(Fields) Fields) error {
		a, err := d.open()
		if err != nil {
			return err
		}
		got, err := d.logIn(a.good, change)
		switch {
		case err != nil:
			return err
		case got.token != "":
			return errors.New("somebody was logged in")
		case got.status != http.StatusUnauthorized:
			return got.unexpected("not 401: return login.Reject")
		}
		return nil
	})
}

// eachBad calls check for each kind of bad credentials and joins what it finds.
func (d *desk) eachBad(check func(change func(Fields) Fields) error) error {
	return each("Requests.Bad", d.Bad, check)
}

func each(what string, changes map[string]func(Fields) Fields, check func(change func(Fields) Fields) error) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if err := check(changes[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s[%q]: %w", what, name, err))
		}
	}
	return errors.Join(errs...)
}

func hidesAccounts(d *desk, _ login.Provider) error {
	if d.Unknown == nil {
		return nil
	}
	return d.eachBad(func(change func(Fields) Fields) error {
		bad, unknown, err := d.both()
		if err != nil {
			return err
		}
		refused := bad.decide(change(bad.fields))
		errs := []error{
			differ("the first answer", bad.first, unknown.first),
			differ("the answer", refused, unknown.decide(change(unknown.fields))),
		}
		if !unknown.sent {
			errs = append(errs, differ("the answer to what looks good", refused, unknown.decide(unknown.fields)))
		}
		return errors.Join(errs...)
	})
}

// both returns visits to an account that is there and to one that is not.
func (d *desk) both() (known, unknown visit, err error) {
	a, err := d.open()
	if err != nil {
		return known, unknown, err
	}
	known, knownErr := d.visit(a.good)
	unknown, unknownErr := d.visit(d.Unknown())
	return known, unknown, errors.Join(knownErr, unknownErr)
}

// differ returns an error if a client can tell one answer from the other.
func differ(what string, known, unknown answer) error {
	if known.status == unknown.status && sameBody(known, unknown) && maps.EqualFunc(shown(known), shown(unknown), slices.Equal) {
		return nil
	}
	return fmt.Errorf("%s for an account that is not there is another, which tells who has one:\n%v %v\n%v %v",
		what, known, shown(known), unknown, shown(unknown))
}

// shown returns the header of an answer without what is another each time.
func shown(a answer) http.Header {
	h := a.header.Clone()
	h.Del("Date")
	h.Del("Set-Cookie")
	for _, line := range a.header["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil {
			h.Add("Set-Cookie", fmt.Sprint(len(c.Name), len(c.Value), c.MaxAge, c.Path, c.HttpOnly))
		}
	}
	if a.location != "" {
		h.Del("Content-Length")
	}
	return h
}

func sameBody(a, b answer) bool {
	if a.location == "" || b.location == "" {
		return a.body == b.body
	}
	return placeOf(a.location) == placeOf(b.location)
}

// placeOf returns a URL without the values of its query.
func placeOf(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	names := slices.Sorted(maps.Keys(u.Query()))
	u.RawQuery, u.Fragment = strings.Join(names, "&"), ""
	return u.String()
}

func findsAlike(d *desk, _ login.Provider) error {
	if d.Unknown == nil {
		return nil
	}
	return d.eachBad(func(change func(Fields) Fields) error {
		bad, unknown, err := d.both()
		if err != nil {
			return err
		}
		known := []answer{bad.first, bad.decide(change(bad.fields))}
		for n, other := range []answer{unknown.first, unknown.decide(change(unknown.fields))} {
			there, not := finds(known[n]), finds(other)
			switch {
			case there != not:
				return fmt.Errorf("calls of Find: %d for an account, %d for one that is not there: how long that takes tells who has one", there, not)
			case there > 1:
				return fmt.Errorf("calls of Find: %d for one request, and each counts as an attempt", there)
			}
		}
		return nil
	})
}

func finds(a answer) (n int) {
	for _, c := range a.calls {
		n += c.finds
	}
	return n
}

func errorsAlone(d *desk, _ login.Provider) error {
	return d.eachBad(func(change func(Fields) Fields) error {
		a, err := d.open()
		if err != nil {
			return err
		}
		got, err := d.logIn(a.good, change)
		if err != nil {
			return err
		}
		if c := got.last(); c.err != nil && !isZero(c.out) {
			return errors.New("an error came with an Outcome: somebody will take it for good")
		}
		return nil
	})
}

func isZero(out login.Outcome) bool {
	return out.Location == "" && out.EntityID == "" && out.Identifier == "" && out.Secret.Reveal() == "" && out.UserMetadata.IsZero() &&
		!out.Create && out.VerifiedEmail == "" && out.Method == ""
}

// crowd is how many ask at once.
const crowd = 8

func isConcurrent(d *desk, _ login.Provider) error {
	visits, accounts := make([]visit, 2*crowd), make([]account, 2*crowd)
	for i := range visits {
		var err error
		if accounts[i], err = d.open(); err != nil {
			return err
		}
		if visits[i], err = d.visit(accounts[i].good); err != nil {
			return err
		}
	}
	worst := d.Bad[slices.Sorted(maps.Keys(d.Bad))[0]]
	errs := make([]error, 2*crowd)
	var wg sync.WaitGroup
	for i, v := range visits {
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = checkOwn(accounts[i], v.decide(v.fields))
				return
			}
			if got := v.decide(worst(v.fields)); got.token != "" {
				errs[i] = errors.New("bad credentials logged somebody in when many asked at once")
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// checkOwn returns an error if the owner of an account was not logged in, or as somebody else. 503 says that there are too many.
func checkOwn(a account, got answer) error {
	if got.status == http.StatusServiceUnavailable || got.token != "" && (a.id == "" || got.identity() == a.id) {
		return nil
	}
	return fmt.Errorf("good credentials got %v when many asked at once", got)
}

func comesBackOnce(d *desk, p login.Provider) error {
	if _, ok := p.(login.Callbacker); !ok {
		return nil
	}
	if d.Elsewhere == nil {
		return errElsewhere
	}
	a, err := d.open()
	if err != nil {
		return err
	}
	v, err := d.visit(a.good)
	if err != nil {
		return err
	}
	if got := v.decide(v.fields); got.token == "" {
		return fmt.Errorf("the browser came back: %w", got.unexpected("not a token"))
	}
	if got := v.decide(v.fields); got.token != "" || got.status != http.StatusUnauthorized && got.status != http.StatusBadRequest {
		return fmt.Errorf("the browser came back a second time and got %v: ask TakeState first, and pass its error on", got)
	}
	return nil
}
