package authtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/countersign-go/countersign/auth"
)

var quiet = &auth.Options{Logger: slog.New(slog.DiscardHandler)}

func bare() *http.Request { return httptest.NewRequest(http.MethodGet, "http://example.com/", nil) }

func acceptsGood(s auth.Scheme, q Requests) error {
	for range 2 {
		ac, err := s.Authenticate(q.Good())
		if err != nil {
			return fmt.Errorf("Requests.Good was refused: %w", err)
		}
		if ac == nil {
			return errors.New("got nil, nil, which a guard answers with 500: return an AuthContext or an error")
		}
	}
	return nil
}

func namesWhoAndHow(s auth.Scheme, q Requests) error {
	ac, err := s.Authenticate(q.Good())
	switch {
	case err != nil || ac == nil:
		return fmt.Errorf("Requests.Good was not accepted: %v, %w", ac, err)
	case ac.Scheme == "":
		return errors.New("AuthContext.Scheme is empty: name the scheme, so that logs and handlers can tell it from others")
	case ac.Actor.ID == "" && ac.IdentityID == "":
		return errors.New("both Actor.ID and IdentityID are empty: nobody was authenticated")
	case ac.Actor.ID != "" && ac.Actor.Type == "":
		return errors.New("the Actor has an ID and no Type")
	}
	return nil
}

func noneIsNone(s auth.Scheme, _ Requests) error {
	ac, err := s.Authenticate(bare())
	if ac != nil {
		return fmt.Errorf("a request without any credentials got an AuthContext: %+v", *ac)
	}
	if !auth.IsNoCredentials(err) {
		return fmt.Errorf("a request without any credentials got %v: return what auth.NoCredentials returned, itself and not wrapped", err)
	}
	return nil
}

func noneAsks(s auth.Scheme, _ Requests) error {
	_, err := auth.New(s, quiet).Check(bare())
	var e *auth.Error
	if !errors.As(err, &e) || len(e.Challenges) == 0 || e.Challenges[0].Scheme == "Credentials" {
		return errors.New("NoCredentials was given no challenge that can be sent: be an auth.Challenger, since a 401 must carry one (RFC 9110, section 15.5.2)")
	}
	return nil
}

func ignoresOthers(s auth.Scheme, _ Requests) error {
	r := bare()
	r.Header.Set("Authorization", "Other-Scheme abcdefghijklmnop")
	r.Header.Set("Cookie", "other=abcdefghijklmnop")
	r.Header.Set("X-Other-Key", "abcdefghijklmnop")
	if ac, err := s.Authenticate(r); ac != nil || !auth.IsNoCredentials(err) {
		return fmt.Errorf("credentials of other schemes got %v, %v, not NoCredentials: beside others, this scheme would end every request", ac, err)
	}
	return nil
}

func refusesBad(s auth.Scheme, q Requests) error {
	return eachBad(q, func(r *http.Request) error {
		ac, err := s.Authenticate(r)
		var own *auth.Error
		switch {
		case ac != nil:
			return errors.New("got an AuthContext")
		case err == nil:
			return errors.New("got nil, nil")
		case auth.IsNoCredentials(err) && !isAmbient(s, r):
			return errors.New("counted as none, so that auth.Guard.Optional lets it pass: only what a browser sends by itself may (Detect says Ambient)")
		case auth.IsNoCredentials(err), errors.Is(err, auth.ErrInvalidCredentials) && !errors.Is(err, auth.ErrUnavailable):
			return nil
		case errors.As(err, &own) && own.Status >= 400 && own.Status < 500:
			return nil
		}
		return fmt.Errorf("got %w, which is a failure: wrap auth.ErrInvalidCredentials", err)
	})
}

func guardRefusesBad(s auth.Scheme, q Requests) error {
	return eachBad(q, func(r *http.Request) error {
		passed := false
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true })
		w := httptest.NewRecorder()
		auth.New(s, quiet).Require(auth.AllowUnregistered)(handler).ServeHTTP(w, r)
		switch {
		case passed:
			return errors.New("the handler was called")
		case w.Code < 400 || w.Code > 499:
			return fmt.Errorf("answered with %d", w.Code)
		case w.Code == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "":
			return errors.New("answered with 401 and no challenge")
		case strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Credentials"):
			return errors.New("answered with 401 and no challenge of its own: be an auth.Challenger, or return an auth.Error with one")
		}
		return nil
	})
}

func refusesEmpty(s auth.Scheme, q Requests) error {
	for name := range q.Good().Header {
		r := q.Good()
		r.Header.Set(name, "")
		if ac, err := s.Authenticate(r); err == nil && ac != nil && credential(s, q, name) {
			return fmt.Errorf("accepted with an empty %s", name)
		}
	}
	return nil
}

// credential reports whether s wants the field.
func credential(s auth.Scheme, q Requests, name string) bool {
	r := q.Good()
	r.Header.Del(name)
	ac, err := s.Authenticate(r)
	return err != nil || ac == nil
}

func refusesRepeated(s auth.Scheme, q Requests) error {
	for name, fields := range q.Good().Header {
		if !credential(s, q, name) || name == "Cookie" { // which may be there more than once (RFC 9113, section 8.2.3)
			continue
		}
		for _, both := range [][]string{append(slices.Clone(fields), "Other-Scheme x"), append([]string{"Other-Scheme x"}, fields...)} {
			r := q.Good()
			r.Header[name] = both
			if ac, err := s.Authenticate(r); err == nil && ac != nil {
				return fmt.Errorf("accepted with two %s fields, of which others may read the other: look at r.Header[%q] and refuse more than one", name, name)
			}
		}
	}
	return nil
}

func outageIsUnavailable(s auth.Scheme, q Requests) error {
	if q.Down == nil {
		return nil
	}
	ac, err := s.Authenticate(q.Down())
	switch {
	case ac != nil:
		return errors.New("Requests.Down got an AuthContext")
	case !errors.Is(err, auth.ErrUnavailable):
		return fmt.Errorf("Requests.Down got %v: wrap auth.ErrUnavailable, or the client is told something that nobody knows", err)
	}
	return nil
}

func cancelledIsNoAnswer(s auth.Scheme, q Requests) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Authenticate(q.Good().WithContext(ctx))
	if auth.IsNoCredentials(err) || (errors.Is(err, auth.ErrInvalidCredentials) && !errors.Is(err, auth.ErrUnavailable)) {
		return fmt.Errorf("good credentials got %w when the request was cancelled: wrap auth.ErrUnavailable, or return the context's error", err)
	}
	return nil
}

func keepsSecrets(s auth.Scheme, q Requests) error {
	return eachBad(q, func(r *http.Request) error {
		secrets := credentials(r)
		_, err := s.Authenticate(r)
		_, refused := auth.New(s, quiet).Check(r)
		var e *auth.Error
		said := fmt.Sprintf("%v %+v %v", err, err, refused)
		if errors.As(refused, &e) {
			said += e.Message
			for _, c := range e.Challenges {
				said += c.String()
			}
		}
		for _, secret := range secrets {
			if strings.Contains(said, secret) {
				return errors.New("an error or a challenge repeats what the request carried: it ends up in logs")
			}
		}
		return nil
	})
}

// credentials returns what may be one in the header of r.
func credentials(r *http.Request) (found []string) {
	for _, fields := range r.Header {
		for _, field := range fields {
			found = append(found, strings.FieldsFunc(field, func(c rune) bool { return strings.ContainsRune(` ;,"`, c) })...)
		}
	}
	return slices.DeleteFunc(found, func(s string) bool { return len(s) < 16 })
}

func leavesRequest(s auth.Scheme, q Requests) error {
	r := q.Good()
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	before := r.Clone(r.Context())
	_, _ = s.Authenticate(r)
	var after []byte
	if r.Body != nil {
		after, _ = io.ReadAll(r.Body)
	}
	switch {
	case !reflect.DeepEqual(before.Header, r.Header):
		return errors.New("the header was changed")
	case before.URL.String() != r.URL.String() || before.Method != r.Method || before.Host != r.Host:
		return errors.New("the request line was changed")
	case before.Form == nil && r.Form != nil:
		return errors.New("the form was parsed, which uses up the body")
	case !bytes.Equal(body, after):
		return errors.New("the body was used up: put back what was read")
	}
	return nil
}

func isConcurrent(s auth.Scheme, q Requests) error {
	var wg sync.WaitGroup
	refused := make(chan error, 64)
	for range cap(refused) / 2 {
		wg.Go(func() {
			if _, err := s.Authenticate(q.Good()); err != nil {
				refused <- fmt.Errorf("good credentials were refused when many asked at once: %w", err)
			}
		})
		wg.Go(func() {
			if ac, err := s.Authenticate(bare()); ac != nil || !auth.IsNoCredentials(err) {
				refused <- fmt.Errorf("no credentials got %v, %v when many asked at once", ac, err)
			}
		})
	}
	wg.Wait()
	close(refused)
	return <-refused
}

func detects(s auth.Scheme, q Requests) error {
	d, ok := s.(auth.Detector)
	if !ok {
		return nil
	}
	if p := d.Detect(q.Good()); p == auth.None {
		return errors.New("no credentials were detected in Requests.Good: among others the scheme would be passed over")
	}
	if p := d.Detect(bare()); p == auth.Explicit || p == auth.Ambient {
		return errors.New("something was detected in a request without any credentials")
	}
	return eachBad(q, func(r *http.Request) error {
		if d.Detect(r) == auth.None {
			return errors.New("got None from Detect, so that another scheme may decide")
		}
		return nil
	})
}

func isAmbient(s auth.Scheme, r *http.Request) bool {
	d, ok := s.(auth.Detector)
	return ok && d.Detect(r) == auth.Ambient
}

func responds(s auth.Scheme, q Requests) error {
	to, ok := s.(auth.Responder)
	if !ok {
		return nil
	}
	requests := []*http.Request{q.Good(), bare()}
	for _, bad := range q.Bad {
		requests = append(requests, bad())
	}
	for _, r := range requests {
		h := http.Header{}
		ac, err := s.Authenticate(r)
		to.Respond(h, r, ac, err)
		for name, fields := range h {
			if strings.ContainsAny(name+strings.Join(fields, ""), "\r\n\x00") {
				return errors.New("a header of several lines was set")
			}
		}
	}
	return nil
}

// eachBad calls check for each kind of bad credentials and joins what it finds.
func eachBad(q Requests, check func(r *http.Request) error) error {
	var errs []error
	for name, bad := range q.Bad {
		if err := check(bad()); err != nil {
			errs = append(errs, fmt.Errorf("Requests.Bad[%q]: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
