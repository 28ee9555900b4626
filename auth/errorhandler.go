package auth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// An ErrorHandler writes the answer to a request that was refused. The status, the challenges, Cache-Control and
// Retry-After are set before it runs and cannot be lost: what it does to those fields is undone, and so is another status
// than that of the error. It is left with the body, its Content-Type, and a redirection if it wants one.
//
// e is its own copy, with Type and Message filled in. e.Err is for the operator and must not be sent.
type ErrorHandler func(w http.ResponseWriter, r *http.Request, e *Error)

// writeJSON is the default ErrorHandler.
func writeJSON(w http.ResponseWriter, _ *http.Request, e *Error) {
	send(w, e.Status, "application/json", struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}{e.Type, e.Message})
}

// Problem is an [ErrorHandler] that writes problem details (RFC 9457, section 3).
func Problem(w http.ResponseWriter, _ *http.Request, e *Error) {
	detail := e.Message
	if detail == http.StatusText(e.Status) {
		detail = "" // the title says it
	}
	send(w, e.Status, "application/problem+json", struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{"about:blank", http.StatusText(e.Status), e.Status, detail})
}

// Redirect returns an [ErrorHandler] that sends a browser which navigates and has to log in (401) to loginURL with 303,
// and answers everything else in JSON. The page asked for is not passed on. Browsers tell by Sec-Fetch-Mode that they
// navigate, which they send over TLS and to this machine only. Redirect panics if loginURL is not a URL.
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

// A lockedWriter is the ResponseWriter of an ErrorHandler. It keeps the promise that the refusal stays one.
type lockedWriter struct {
	w          http.ResponseWriter
	status     int
	challenges []string
	retryAfter string
	wrote      bool
}

// lock returns a writer that keeps to e.
func lock(w http.ResponseWriter, e *Error) *lockedWriter {
	l := &lockedWriter{w: w, status: e.Status}
	for _, c := range e.Challenges {
		l.challenges = append(l.challenges, c.String())
	}
	if e.RetryAfter > 0 {
		l.retryAfter = strconv.FormatInt(int64(e.RetryAfter.Truncate(time.Second)/time.Second)+1, 10)
		if e.RetryAfter%time.Second == 0 {
			l.retryAfter = strconv.FormatInt(int64(e.RetryAfter/time.Second), 10)
		}
	}
	for _, stale := range []string{"Content-Length", "ETag", "Last-Modified"} {
		w.Header().Del(stale) // of an answer that will not be given
	}
	l.setFields()
	return l
}

func (l *lockedWriter) setFields() {
	h := l.w.Header()
	h.Del("WWW-Authenticate")
	for _, c := range l.challenges {
		h.Add("WWW-Authenticate", c)
	}
	h.Set("Cache-Control", "no-store")
	if l.retryAfter != "" {
		h.Set("Retry-After", l.retryAfter)
	}
}

// Header returns the header of the answer.
func (l *lockedWriter) Header() http.Header { return l.w.Header() }

// WriteHeader sends the header with the status of the error, or with status if that is a redirection.
func (l *lockedWriter) WriteHeader(status int) {
	if l.wrote {
		return
	}
	l.wrote = true
	if status < 300 || status >= 400 || status == http.StatusNotModified {
		status = l.status // an outage must not be told as bad credentials, either
	}
	l.setFields()
	l.w.WriteHeader(status)
}

// Write sends the header, if it was not, and a part of the body.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.WriteHeader(l.status)
	return l.w.Write(p)
}

// finish sends the header if the ErrorHandler did not. If it did, the fields may still be on their way: some middleware
// keeps them until the end.
func (l *lockedWriter) finish() {
	l.WriteHeader(l.status)
	l.setFields()
}
