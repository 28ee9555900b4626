package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

const maxReason = 200 // characters

var (
	overlaps = []choice{
		{Value: "0", Text: "Not at all"}, {Value: "3600", Text: "For 1 hour"}, {Value: "86400", Text: "For 24 hours"},
		{Value: "604800", Text: "For 7 days"},
	}
	delays = []choice{
		{Value: "0", Text: "Now"}, {Value: "3600", Text: "In 1 hour"}, {Value: "86400", Text: "In 24 hours"},
		{Value: "604800", Text: "In 7 days"}, {Value: "2592000", Text: "In 30 days"},
	}
)

// A keyPage is what the page about one key shows.
type keyPage struct {
	*form
	Key              keyView
	Overlaps, Delays []choice
	Open             string // which of the forms is
}

// readKey shows one key and what can be done with it.
func (v *visit) readKey() error {
	k, err := v.keys().Get(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	f := &form{values: url.Values{"title": {k.Title}, "overlap": {"86400"}, "when": {"0"}}}
	return v.showKey(http.StatusOK, k, f, "")
}

func (v *visit) showKey(status int, k apikey.Key, f *form, open string) error {
	view := v.view(k)
	return v.show(status, page{
		Name: "key", Title: view.Title, Section: "keys", Mistakes: f.Mistakes,
		Parent: &link{v.config.Path + "/keys", "API keys"},
		Body:   keyPage{form: f, Key: view, Overlaps: overlaps, Delays: delays, Open: open},
	})
}

// change has do change the key that the address names. What do finds wrong with the form is shown on the key's page.
func (v *visit) change(open, field string, do func(id string, f *form) error) error {
	k, err := v.keys().Get(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	f := &form{values: v.r.PostForm}
	err = do(k.ID, f)
	if len(f.Mistakes) > 0 || f.blame(err, field) {
		v.complete(f, k)
		return v.showKey(http.StatusUnprocessableEntity, k, f, open)
	}
	for why, told := range untimely {
		if errors.Is(err, why) && !auth.IsUnavailable(err) {
			return v.redirect("/keys/"+k.ID, told)
		}
	}
	return err
}

// untimely are the notices about what cannot be done to a key as it is: the page was opened before it became so.
var untimely = map[error]string{
	apikey.ErrRevoked: "was-revoked", apikey.ErrNotRevoked: "not-revoked",
	apikey.ErrDisabled: "is-disabled", apikey.ErrExpired: "has-expired",
}

// complete fills in what the other forms of the page begin with.
func (v *visit) complete(f *form, k apikey.Key) {
	for name, value := range map[string]string{"title": k.Title, "overlap": "86400", "when": "0"} {
		if !f.values.Has(name) {
			f.values.Set(name, value)
		}
	}
}

func (v *visit) renameKey() error {
	return v.change("rename", "title", func(id string, f *form) error {
		title := f.title()
		if len(f.Mistakes) > 0 {
			return nil
		}
		if _, err := v.keys().Update(v.r.Context(), id, apikey.Change{Title: &title}); err != nil {
			return err
		}
		return v.redirect("/keys/"+id, "renamed")
	})
}

// rotateKey makes the key that takes over and shows its text. Sent again it makes none: the key is rotated already. A browser
// that was clicked twice shows the second answer only, so that tells what to do about the first.
func (v *visit) rotateKey() error {
	return v.change("rotate", "overlap", func(id string, f *form) error {
		overlap := seconds(f.pick("overlap", overlaps))
		if len(f.Mistakes) > 0 {
			return nil
		}
		k, text, err := v.keys().Rotate(v.r.Context(), id, apikey.Rotation{Overlap: overlap})
		if errors.Is(err, apikey.ErrRevoked) && !auth.IsUnavailable(err) {
			return v.redirect("/keys/"+id, "not-rotated")
		}
		if err != nil {
			return err
		}
		return v.showSecret("Key rotated", k, text, id)
	})
}

func (v *visit) revokeKey() error {
	return v.change("revoke", "reason", func(id string, f *form) error {
		delay, reason := seconds(f.pick("when", delays)), f.get("reason")
		if utf8.RuneCountInString(reason) > maxReason {
			f.wrong("reason", "Use "+strconv.Itoa(maxReason)+" characters at most.")
		}
		if len(f.Mistakes) > 0 {
			return nil
		}
		revocation, told := apikey.Revocation{Reason: reason}, "revoked"
		if delay > 0 {
			revocation.Until, told = v.now.Add(delay), "revoked-later"
		}
		if _, err := v.keys().Revoke(v.r.Context(), id, revocation); err != nil {
			return err
		}
		return v.redirect("/keys/"+id, told)
	})
}

func (v *visit) disableKey() error {
	return v.change("", "title", func(id string, _ *form) error {
		if _, err := v.keys().Disable(v.r.Context(), id); err != nil {
			return err
		}
		return v.redirect("/keys/"+id, "disabled")
	})
}

func (v *visit) enableKey() error {
	return v.change("", "title", func(id string, _ *form) error {
		if _, err := v.keys().Enable(v.r.Context(), id); err != nil {
			return err
		}
		return v.redirect("/keys/"+id, "enabled")
	})
}

func (v *visit) deleteKey() error {
	return v.change("", "title", func(id string, _ *form) error {
		if err := v.keys().Delete(v.r.Context(), id); err != nil {
			return err
		}
		return v.redirect("/keys", "deleted")
	})
}

// seconds returns the duration that a choice stands for.
func seconds(choice string) time.Duration {
	n, _ := strconv.Atoi(choice) // of a mistake it is not used
	return time.Duration(n) * time.Second
}
