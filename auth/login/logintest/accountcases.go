package logintest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/countersign-go/countersign/auth/login"
)

func registers(d *desk, p login.Provider) error {
	if _, ok := p.(login.Registrar); !ok {
		return nil
	}
	register, good := d.Register()
	got := d.browser().post("/register", register)
	if got.status != http.StatusOK || got.token == "" {
		return fmt.Errorf("Requests.Register: %w", got.unexpected("not 200 and a token"))
	}
	if err := checkOutcome(got.last().out); err != nil {
		return err
	}
	if err := d.isStill(got.identity(), good); err != nil {
		return fmt.Errorf("after Register: %w", err)
	}
	if again := d.browser().post("/register", register); again.token != "" || again.status >= 500 {
		return fmt.Errorf("Requests.Register was sent again: %w", again.unexpected("not a refusal"))
	}
	return d.isStill(got.identity(), good)
}

// isStill returns an error unless good credentials log the identity in.
func (d *desk) isStill(id string, good Fields) error {
	got, err := d.enter(good)
	if err == nil && got.identity() != id {
		err = errors.New("good credentials log in as somebody else than before")
	}
	return err
}

func refusesRegistrations(d *desk, p login.Provider) error {
	if _, ok := p.(login.Registrar); !ok {
		return nil
	}
	register, _ := d.Register()
	return eachJunk(register, func(change func(Fields) Fields, isText bool) error {
		return checkTaken(d.browser().post("/register", change(register)), isText)
	})
}

// odd are identifiers that people may send.
var odd = []string{"", " ", "x", "A@B", "\x00", "a\x00b", "İ@example.com", "ＡＮＮ@example.com", "\xff", strings.Repeat("x", 10<<10), "a\r\nb"}

func spellsOnce(d *desk, p login.Provider) error {
	u, ok := p.(login.Updater)
	if !ok {
		return nil
	}
	a, err := d.open()
	if err != nil {
		return err
	}
	if a.kept.EntityID != "" {
		for _, text := range []string{a.kept.Identifier, a.kept.EntityID} {
			if id, err := u.EntityID(text); id != a.kept.EntityID || err != nil {
				return errors.Join(errors.New("the EntityID of an account's Identifier, or of its EntityID, is not its EntityID"), err)
			}
		}
	}
	for _, text := range odd {
		id, err := u.EntityID(text)
		switch {
		case err != nil && id != "":
			return fmt.Errorf("EntityID(%.20q) returned an error and an ID", text)
		case err != nil:
			continue
		}
		if err := checkOutcome(login.Outcome{EntityID: id}); err != nil {
			return fmt.Errorf("EntityID(%.20q) returned no error: %w", text, err)
		}
		if again, err := u.EntityID(id); again != id || err != nil {
			return fmt.Errorf("EntityID(%.20q) has another EntityID than itself: there are two spellings of one", text)
		}
	}
	return nil
}

func updates(d *desk, p login.Provider) error {
	if _, ok := p.(login.Updater); !ok {
		return nil
	}
	a, err := d.open()
	if err != nil {
		return err
	}
	update, next := d.Update(a.good)
	if got := d.update(a, update); got.status != http.StatusOK {
		return fmt.Errorf("Requests.Update: %w", got.unexpected("not 200"))
	}
	if got, err := d.logIn(a.good, asTheyAre); err != nil || got.token != "" {
		return errors.Join(err, errors.New("the credentials before Update are still good"))
	}
	if err := d.isStill(a.id, next); err != nil {
		return fmt.Errorf("after Update: %w", err)
	}
	i, err := d.service.Get(context.Background(), a.id)
	if err != nil {
		return err
	}
	if kept, ok := i.By(method, a.kept.EntityID); !ok || kept.Identifier != a.kept.Identifier {
		return errors.New("Update returned another EntityID or Identifier than current has: it is for the credentials alone")
	}
	return nil
}

// update changes the credentials of an account by what was mailed to it.
func (d *desk) update(a account, f Fields) answer {
	b := d.browser()
	if got := b.post("/reset-password", Fields{"identifier": a.kept.Identifier}); got.status != http.StatusCreated {
		return got
	}
	b.bearer = d.resetToken()
	return b.post("/update", f)
}

func refusesUpdates(d *desk, p login.Provider) error {
	if _, ok := p.(login.Updater); !ok {
		return nil
	}
	a, err := d.open()
	if err != nil {
		return err
	}
	update, _ := d.Update(a.good)
	errs := eachJunk(update, func(change func(Fields) Fields, isText bool) error {
		whose := a
		if isText {
			if whose, err = d.open(); err != nil {
				return err
			}
		}
		return checkTaken(d.update(whose, change(update)), isText)
	})
	return errors.Join(errs, d.isStill(a.id, a.good))
}

// checkTaken is checkRefused for new credentials: a text is for the provider to take, or not.
func checkTaken(a answer, isText bool) error {
	if isText && a.status == http.StatusOK {
		return nil
	}
	return checkRefused(a)
}
