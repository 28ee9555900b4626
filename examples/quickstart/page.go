package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/countersign-go/countersign/auth"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// pagePolicy allows the page's own style and forms to this server, and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// A page is what the template shows.
type page struct {
	Identity *identity // nil is the log-in form
	Message  string
	CSS      template.CSS
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	var p page
	if ac, ok := auth.FromContext(r.Context()); ok {
		v := view(ac)
		p.Identity = &v
	}
	renderPage(w, http.StatusOK, p)
}

func renderPage(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	p.CSS = template.CSS(pageCSS)
	_ = pageTemplate.Execute(w, p) // the client is gone, if anything
}
