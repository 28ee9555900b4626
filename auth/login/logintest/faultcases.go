package logintest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

func passesOutagesOn(d *desk, p login.Provider) error {
	a, err := d.open()
	if err != nil {
		return err
	}
	before, err := d.visit(a.good)
	if err != nil {
		return err
	}
	d.shelf.setOnFind(func(context.Context) error { return errDown })
	atFirst := d.browser().post("", a.good)
	errs := []error{checkOutage("Find", finds(atFirst), atFirst)}
	if before.sent {
		last := before.decide(before.fields)
		errs = append(errs, checkOutage("Find", finds(last), last))
	}
	d.shelf.setOnFind(nil)
	if before, err = d.visit(a.good); before.sent && err == nil {
		d.drawer.setDown()
		errs = append(errs, checkOutage("TakeState", 1, before.decide(before.fields)))
	}
	return errors.Join(append(errs, err)...)
}

// checkOutage returns an error unless a request that asked what did not answer was told so.
func checkOutage(what string, asked int, a answer) error {
	if asked == 0 || a.status == http.StatusServiceUnavailable {
		return nil
	}
	return fmt.Errorf("%s did not answer: %w", what, a.unexpected("not 503: pass its error on"))
}

// patience is how long a provider may take to find out that nobody waits for it any more.
const patience = 10 * time.Second

func cancelledIsNoAnswer(d *desk, _ login.Provider) error {
	a, err := d.open()
	if err != nil {
		return err
	}
	return errors.Join(d.cancelBefore(a), d.cancelWhileItWaits(a))
}

// cancelBefore asks a provider when nobody waits any more.
func (d *desk) cancelBefore(a account) error {
	v, err := d.visit(a.good)
	if err != nil {
		return err
	}
	d.spy.setContext(func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx
	})
	defer d.spy.setContext(nil)
	return promptly(func() answer { return v.decide(v.fields) })
}

// cancelWhileItWaits has the client leave while Find is under way.
func (d *desk) cancelWhileItWaits(a account) error {
	v, err := d.visit(a.good)
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	other := make(chan error, 8)
	d.shelf.setOnFind(func(ctx context.Context) error {
		leave()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			other <- errors.New("Find was called with another context than the provider was")
		}
		return ctx.Err()
	})
	defer d.shelf.setOnFind(nil)
	err = promptly(func() answer {
		if v.sent {
			return v.back(ctx, v.fields)
		}
		return v.send(ctx, "", v.fields)
	})
	select {
	case otherErr := <-other:
		return errors.Join(err, otherErr)
	default:
		return err
	}
}

// promptly returns an error if ask takes too long, or says that good credentials are bad.
func promptly(ask func() answer) error {
	answered := make(chan answer, 1)
	go func() { answered <- ask() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-answered:
		return checkNoAnswer(a.calls)
	case <-timer.C:
		return fmt.Errorf("the provider did not return within %v after its context was done", patience)
	}
}

func checkNoAnswer(calls []call) error {
	for _, c := range calls {
		var own *auth.Error
		invalid := errors.Is(c.err, auth.ErrInvalidCredentials) || errors.As(c.err, &own) && own.Status < 500
		if c.err != nil && invalid && !auth.IsUnavailable(c.err) {
			return fmt.Errorf("good credentials were refused when the context was done: return the context's error: %w", c.err)
		}
	}
	return nil
}

func keepsSecrets(d *desk, _ login.Provider) error {
	defer capture(d.log)()
	changes := []func(Fields) Fields{asTheyAre}
	for _, bad := range d.Bad {
		changes = append(changes, bad)
	}
	for _, name := range d.Secret {
		canary := "canary" + rand.Text() + rand.Text()
		for _, value := range []any{canary, []any{canary}, map[string]any{canary: canary}, canary + "\x00", strings.Repeat(canary, 400)} {
			changes = append(changes, func(f Fields) Fields { return f.With(name, value) })
		}
	}
	a, err := d.open()
	if err != nil {
		return err
	}
	accounts := []Fields{a.good}
	if d.Unknown != nil {
		accounts = append(accounts, d.Unknown())
	}
	for _, good := range accounts {
		for _, change := range changes {
			if err := d.listen(good, change); err != nil {
				return err
			}
		}
	}
	return nil
}

// listen logs in and returns an error if a secret is heard of.
func (d *desk) listen(good Fields, change func(Fields) Fields) error {
	v, err := d.visit(good)
	if err != nil {
		return err
	}
	if err := d.checkSaid(v.first, good); err != nil {
		return err
	}
	f := change(v.fields)
	return d.checkSaid(v.decide(f), good, f)
}

// checkSaid returns an error if the secrets in fields that were sent are in an answer, or in the log.
func (d *desk) checkSaid(a answer, sent ...Fields) error {
	said := a.said() + d.log.take()
	for _, f := range sent {
		for _, name := range d.Secret {
			for _, secret := range texts(f[name]) {
				if len(secret) >= minSecret && strings.Contains(said, secret) {
					return fmt.Errorf("the field %q is repeated in an answer, an error, an Outcome or the log", name)
				}
			}
		}
	}
	return nil
}

// minSecret is how long a text is, in bytes, that is in another by no accident.
const minSecret = 8

// texts returns the texts in a JSON value.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{strings.TrimRight(v, "\x00")}
	case []any:
		return texts(v[0])
	case map[string]any:
		for _, text := range v {
			return texts(text)
		}
	}
	return nil
}

// capture has the default loggers write to l until the func that it returns is called.
func capture(l *logbook) (restore func()) {
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(l.logger())
	return func() {
		slog.SetDefault(before)
		log.SetOutput(writer)
		log.SetFlags(flags)
	}
}
