package auth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// An ErrorHandler writes the answer to a request that was refused. The status, the challenges, Cache-Control and
// Retry-After are set before it runs and cannot be lost: what it does to those fields is undone, and a status that says
// the request passed is replaced. So it is left with the body, its Content-Type, and a redirection if it wants one.
//
// e is its own copy. e.Err is for the operator and must not be sent.
type ErrorHandler func(w http.ResponseWriter, r *http.Request, e *Error)

// writeJSON is the default ErrorHandler.
func writeJSON(w http.ResponseWriter, _ *http.Request, e *Error) {
	send(w, e.Status, "application/json", struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}{e.kind(), e.message()})
}

// Problem is an [ErrorHandler] that writes problem details (RFC 9457, section 3).
func Problem(w http.ResponseWriter, _ *http.Request, e *Error) {
	send(w, e.Status, "application/problem+json", struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{"about:blank", http.StatusText(e.Status), e.Status, e.Message})
}

// Redirect returns an [ErrorHandler] that sends a browser which navigates and has to log in (401) to loginURL with 303,
// and answers everything else in JSON. The page asked for is not passed on. Redirect panics if loginURL is not a URL.
func Redirect(loginURL string) ErrorHandler {
	if _, err := url.Parse(loginURL); err != nil || loginURL == "" {
		panic("auth: Redirect: not a URL")
	}
	return func(w http.ResponseWriter, r *http.Request, e *Error) {
		if e.Status == http.StatusUnauthorized && r.Header.Get("Sec-Fetch-Mode") == "navigate" {
			w.Header().Set("Location", loginURL)
			w.WriteHeader(http.StatusSeeOther)
			return
		}
		writeJSON(w, r, e)
	}
}

func send(w http.ResponseWriter, status int, contentType string, body any) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone, if anything
}

// An answered is the ResponseWriter of an ErrorHandler. It keeps the promise that the refusal stays one.
type answered struct {
	w          http.ResponseWriter
	status     int
	challenges []string
	retryAfter string
	wrote      bool
}

func newAnswer(w http.ResponseWriter, e *Error) *answered {
	a := &answered{w: w, status: e.Status}
	for _, c := range e.Challenges {
		a.challenges = append(a.challenges, c.String())
	}
	if e.RetryAfter > 0 {
		a.retryAfter = strconv.Itoa(int((e.RetryAfter + time.Second - 1) / time.Second))
	}
	for _, stale := range []string{"Content-Length", "Content-Encoding", "ETag", "Last-Modified"} {
		w.Header().Del(stale) // of an answer that will not be given
	}
	a.setFields()
	return a
}

func (a *answered) setFields() {
	h := a.w.Header()
	h.Del("WWW-Authenticate")
	for _, c := range a.challenges {
		h.Add("WWW-Authenticate", c)
	}
	h.Set("Cache-Control", "no-store")
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
}

// Header returns the header of the answer.
func (a *answered) Header() http.Header { return a.w.Header() }

// WriteHeader sends the header with status, if that is a refusal or a redirection, else with the error's.
func (a *answered) WriteHeader(status int) {
	if a.wrote {
		return
	}
	a.wrote = true
	if status < 300 || status == http.StatusNotModified || status > 599 {
		status = a.status
	}
	a.setFields()
	a.w.WriteHeader(status)
}

// Write sends the header, if it was not, and a part of the body.
func (a *answered) Write(p []byte) (int, error) {
	a.WriteHeader(a.status)
	return a.w.Write(p)
}

// finish sends the header if the ErrorHandler did not.
func (a *answered) finish() { a.WriteHeader(a.status) }
