package logintest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth/login"
)

func refusesMalformed(d *desk, _ login.Provider) error {
	return each("Requests.Malformed", d.Malformed, func(change func(Fields) Fields) error {
		a, err := d.open()
		if err != nil {
			return err
		}
		got, err := d.logIn(a.good, change)
		if err != nil {
			return err
		}
		return checkRefused(got)
	})
}

// checkRefused returns an error unless a client was told that what it sent is no good.
func checkRefused(a answer) error {
	if a.token == "" && a.location == "" && (a.status == http.StatusBadRequest || a.status == http.StatusUnauthorized) {
		return nil
	}
	return a.unexpected("not 400 or 401")
}

// A junk is what a client may send in the place of a good text.
type junk struct {
	name   string
	change func(f Fields, name string) Fields
	text   bool // it is one, if not a good one
}

func instead(value any) func(Fields, string) Fields {
	return func(f Fields, name string) Fields { return f.With(name, value) }
}

var junks = []junk{
	{"is missing", Fields.without, false},
	{"is null", instead(nil), false},
	{"is empty", instead(""), false},
	{"is a number", instead(7), false},
	{"is true", instead(true), false},
	{"is an array", func(f Fields, name string) Fields { return f.With(name, []any{f[name]}) }, false},
	{"is an object", instead(map[string]any{"$ne": ""}), false},
	{"is 32 KiB long", instead(strings.Repeat("x", 32<<10)), true},
	{"ends with a NUL", func(f Fields, name string) Fields { return f.With(name, fmt.Sprint(f[name], "\x00")) }, true},
	{"has several lines", func(f Fields, name string) Fields { return f.With(name, fmt.Sprint(f[name], "\r\nx: y")) }, true},
}

// eachJunk calls check for each field of good and each junk in it, of which change makes what is sent.
func eachJunk(good Fields, check func(change func(Fields) Fields, isText bool) error) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(good)) {
		for _, j := range junks {
			change := func(f Fields) Fields { return j.change(f, name) }
			if err := check(change, j.text); err != nil {
				errs = append(errs, fmt.Errorf("the field %q %s: %w", name, j.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func survivesJunk(d *desk, _ login.Provider) error {
	a, err := d.open()
	if err != nil {
		return err
	}
	first := eachJunk(a.good, func(change func(Fields) Fields, isText bool) error {
		got := d.browser().post("", change(a.good))
		if isText && got.status == http.StatusOK && got.location != "" {
			return nil // as for an account that is not there
		}
		return checkRefused(got)
	})
	v, err := d.visit(a.good)
	if err != nil || !v.sent {
		return errors.Join(first, err)
	}
	return errors.Join(first, eachJunk(v.fields, func(change func(Fields) Fields, _ bool) error {
		got, err := d.logIn(a.good, change)
		if err != nil {
			return err
		}
		return checkRefused(got)
	}))
}
