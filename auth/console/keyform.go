package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	day      = 24 * time.Hour
	maxTitle = 200 // characters

	untilDate = "date" // the choice of an expiry on a day
)

var (
	kinds = []choice{
		{Value: string(apikey.Secret), Text: "Secret", Hint: "Proves who it is. For servers and scripts; keep it out of browsers."},
		{Value: string(apikey.Publishable), Text: "Publishable", Hint: "Names a shop or a client and proves nothing. Anybody may see it."},
	}
	expiries = []choice{
		{Value: "7", Text: "In 7 days"}, {Value: "30", Text: "In 30 days"}, {Value: "90", Text: "In 90 days"},
		{Value: "365", Text: "In a year"}, {Value: untilDate, Text: "On a date"}, {Value: "never", Text: "Never"},
	}
)

// A keyForm is what the page for a new key shows.
type keyForm struct {
	*form
	Kinds, Expiries []choice
	Scopes          []choice // offered
	Typed           bool     // nothing is offered: scopes are typed in
	Seen            string   // what keys there were
	Again           bool     // there are others since the form was opened
}

// newKey shows the form.
func (v *visit) newKey() error {
	f := &form{values: url.Values{"kind": {string(apikey.Secret)}, "expiry": {"90"}}}
	seen, err := v.seen()
	if err != nil {
		return err
	}
	return v.showKeyForm(http.StatusOK, keyForm{form: f, Seen: seen})
}

func (v *visit) showKeyForm(status int, f keyForm) error {
	f.Kinds, f.Expiries, f.Scopes, f.Typed = kinds, expiries, v.offered(), len(v.config.Scopes) == 0
	return v.show(status, page{
		Name: "newkey", Title: "Create an API key", Section: "keys", Mistakes: f.Mistakes, Body: f,
		Parent: &link{v.config.Path + "/keys", "API keys"},
	})
}

// offered returns the scopes that the visitor can give to a key.
func (v *visit) offered() (all []choice) {
	for _, scope := range v.config.Scopes {
		if v.by.Allows(scope) {
			all = append(all, choice{Value: scope, Text: scope})
		}
	}
	return all
}

// seen returns a text that is another one once the visitor has a key more or less: how many there are and which is the
// newest. The count is what tells where the clocks of processes differ.
func (v *visit) seen() (string, error) {
	keys, total, err := v.keys().Find(v.r.Context(), apikey.Query{Owner: v.keys().Owner(), Newest: true, Limit: 1})
	if err != nil {
		return "", err
	}
	newest := ""
	for _, k := range keys {
		newest = k.ID
	}
	return strconv.Itoa(total) + "-" + newest, nil
}

// createKey makes a key and shows its text in the answer: a redirection would have to carry it, or keep it somewhere.
func (v *visit) createKey() error {
	f := &form{values: v.r.PostForm}
	spec := v.readSpec(f)
	if len(f.Mistakes) > 0 {
		return v.showKeyForm(http.StatusUnprocessableEntity, keyForm{form: f, Seen: f.values.Get("seen")})
	}
	k, text, seen, err := v.issueOnce(spec, f.values.Get("seen"))
	switch {
	case errors.Is(err, errOtherKeys):
		return v.showKeyForm(http.StatusConflict, keyForm{form: f, Seen: seen, Again: true})
	case f.blame(err, "title"):
		return v.showKeyForm(http.StatusUnprocessableEntity, keyForm{form: f, Seen: seen})
	case err != nil:
		return err
	}
	return v.showSecret("Key created", k, text, "")
}

// errOtherKeys says that there are other keys than when the form was opened.
var errOtherKeys = errors.New("console: other keys than before")

// issueOnce makes a key unless there are others than before, and returns what keys there were. The turn ends with it: one
// who does not read the answer must not keep others waiting.
func (v *visit) issueOnce(spec apikey.Spec, before string) (k apikey.Key, text token.Secret, seen string, err error) {
	end, err := v.turns.take(v.r.Context(), v.keys().Owner())
	if err != nil {
		return k, text, "", err
	}
	defer end()
	if seen, err = v.seen(); err != nil {
		return k, text, "", err
	}
	if seen != before {
		return k, text, seen, errOtherKeys
	}
	k, text, err = v.keys().Issue(v.r.Context(), spec)
	return k, text, seen, err
}

// readSpec reads the form of a new key.
func (v *visit) readSpec(f *form) apikey.Spec {
	return apikey.Spec{
		Kind:      apikey.Kind(f.pick("kind", kinds)),
		Title:     f.title(),
		Scopes:    v.readScopes(f),
		ExpiresAt: v.readExpiry(f),
	}
}

// title reads the field of that name.
func (f *form) title() string {
	title := f.get("title")
	if !isVisible(title) {
		f.wrong("title", "Say what the key is for.")
	}
	if utf8.RuneCountInString(title) > maxTitle {
		f.wrong("title", "Use "+strconv.Itoa(maxTitle)+" characters at most.")
	}
	return title
}

func (v *visit) readScopes(f *form) auth.Set {
	names := strings.Fields(strings.Join(f.values["scopes"], " "))
	offered := v.offered()
	if len(names) > 0 && f.values.Get("kind") == string(apikey.Publishable) {
		f.wrong("scopes", "A publishable key has no scopes: leave them out.")
	}
	for _, name := range names {
		known := slices.ContainsFunc(offered, func(c choice) bool { return c.Value == name })
		switch {
		case len(v.config.Scopes) > 0 && !known:
			f.wrong("scopes", "Choose among these scopes.")
		case !auth.IsScope(name):
			f.wrong("scopes", "Separate scopes by spaces, and leave out quotes and backslashes.")
		}
	}
	return auth.NewSet(names...)
}

// readExpiry returns when the key is to expire: never is zero.
func (v *visit) readExpiry(f *form) time.Time {
	choice, date := f.pick("expiry", expiries), f.get("expiry_date")
	if choice != untilDate {
		if date != "" {
			f.wrong("expiry_date", "Choose “On a date” above, or leave this empty.")
		}
		days, err := strconv.Atoi(choice)
		if err != nil {
			return time.Time{} // never
		}
		return v.now.Add(time.Duration(days) * day)
	}
	end, ok := lastMoment(date)
	if !ok {
		f.wrong("expiry_date", "Give the date as year-month-day, such as "+v.now.AddDate(0, 1, 0).UTC().Format(time.DateOnly)+".")
	} else if !v.now.Before(end) {
		f.wrong("expiry_date", "Choose today or a later day.")
	}
	return end
}

// asked are the fields in which the pages ask for what a manager calls by that name, and what they call it themselves.
var asked = map[string]struct{ field, called string }{
	"title": {"title", "The title"}, "type": {"kind", "The kind"}, "scopes": {"scopes", "The scopes"},
	"expires_at": {"expiry", "The end"}, "overlap": {"overlap", "The time"}, "reason": {"reason", "The reason"},
	"revoke_in": {"when", "The time"},
}

// blame adds what a manager says is wrong, at the field called fallback where the page does not ask for it, and reports
// whether there was something. What an InvalidError says may be told to clients.
func (f *form) blame(err error, fallback string) bool {
	if err == nil || auth.IsUnavailable(err) {
		return false
	}
	all := invalid(err)
	for _, wrong := range all {
		at, ok := asked[wrong.Field]
		if !ok {
			at.field, at.called = fallback, "Something about the key ("+wrong.Field+")"
		}
		f.wrong(at.field, at.called+" "+wrong.Err.Error()+".")
	}
	return len(all) > 0
}

// invalid returns all that is wrong by err, which may be several errors joined.
func invalid(err error) []*apikey.InvalidError {
	if several, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // what is wrapped comes below
		var all []*apikey.InvalidError
		for _, one := range several.Unwrap() {
			all = append(all, invalid(one)...)
		}
		return all
	}
	if wrong := (*apikey.InvalidError)(nil); errors.As(err, &wrong) {
		return []*apikey.InvalidError{wrong}
	}
	return nil
}

// A secretPage is what shows the text of a key that was just made.
type secretPage struct {
	Key    keyView
	Text   string
	Before string // the key that it replaces
	Until  moment // when that one stops working
}

func (v *visit) showSecret(title string, k apikey.Key, text token.Secret, before string) error {
	body := secretPage{Key: v.view(k), Text: text.Reveal(), Before: before}
	if before != "" {
		if old, err := v.keys().Get(v.r.Context(), before); err == nil { // else the page just does not say until when
			body.Until = v.view(old).Last
		}
	}
	return v.show(http.StatusCreated, page{
		Name: "secret", Title: title, Section: "keys", Body: body,
		Parent: &link{v.config.Path + "/keys", "API keys"},
	})
}
