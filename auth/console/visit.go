package console

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

const maxForm = 64 << 10 // bytes

// A visit is one request that the guard let pass.
type visit struct {
	*console
	w   http.ResponseWriter
	r   *http.Request
	by  auth.AuthContext
	now time.Time
}

// serve returns the handler that has do answer.
func (k *console) serve(do func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by, ok := auth.FromContext(r.Context())
		if !ok {
			k.config.Guard.Refuse(w, r, errors.New("console: a request that no guard let pass"))
			return
		}
		v := &visit{console: k, w: w, r: r, by: by, now: time.Now()}
		err := v.readForm()
		if err == nil {
			err = do(v)
		}
		if err != nil {
			v.refuse(err)
		}
	})
}

// keys and sessions are what the visitor may do with either.
func (v *visit) keys() *apikey.Access      { return v.config.Keys.As(v.by) }
func (v *visit) sessions() *session.Access { return v.config.Sessions.As(v.by) }

// readForm reads the form of a POST.
func (v *visit) readForm() error {
	if v.r.Method != http.MethodPost {
		return nil
	}
	if t, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); t != "application/x-www-form-urlencoded" {
		return &auth.Error{Status: http.StatusUnsupportedMediaType}
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	err := v.r.ParseForm()
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &auth.Error{Status: http.StatusRequestEntityTooLarge, Err: err}
	}
	if err != nil {
		return &auth.Error{Status: http.StatusBadRequest, Err: errors.New("console: a form that cannot be read")}
	}
	return nil
}

// redirect sends the browser to a path of the console, where it is told the notice of that name.
func (v *visit) redirect(path, notice string) error {
	target := v.config.Path + path
	if notice != "" {
		target += "?" + url.Values{noticeParam: {notice}}.Encode()
	}
	return v.leave(target)
}

// leave sends the browser to a path of the host.
func (v *visit) leave(target string) error {
	v.w.Header().Set("Location", target)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// errNoPage is the answer to a path of which there is no page.
var errNoPage = &auth.Error{Status: http.StatusNotFound, Err: errors.New("console: no such page")}

// refuse answers err: what concerns who the visitor is and what they may do in the way of the program's guard, the rest
// by a page.
func (v *visit) refuse(err error) {
	own := (*auth.Error)(nil)
	unavailable := auth.IsUnavailable(err)
	switch {
	case !unavailable && (errors.Is(err, apikey.ErrNotFound) || errors.Is(err, session.ErrNotFound)):
		err = &auth.Error{Status: http.StatusNotFound, Err: err}
	case !unavailable && errors.As(err, &own) && (own.Status == http.StatusUnauthorized || own.Status == http.StatusForbidden),
		!unavailable && own == nil && errors.Is(err, auth.ErrInvalidCredentials):
		v.config.Guard.Refuse(v.w, v.r, err)
		return
	}
	v.console.pages.Refuse(v.w, v.r, err)
}
