package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/countersign-go/countersign/auth"
)

//go:embed pages
var pageFiles embed.FS

// templates are the pages by name, each within the frame.
var templates = func() map[string]*template.Template {
	frame := template.Must(template.ParseFS(pageFiles, "pages/frame.html", "pages/parts.html"))
	all := map[string]*template.Template{}
	for _, name := range []string{"keys", "newkey", "secret", "key", "sessions", "refusal"} {
		all[name] = template.Must(template.Must(frame.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return all
}()

// A page is what the frame shows around the content of each page.
type page struct {
	Name     string // of the template
	Title    string
	Section  string // of the navigation: "keys" or "sessions"
	Parent   *link  // the page that this one is a part of
	Notice   notice
	Mistakes []mistake
	Body     any

	Console     string // its title
	Path        string // of the console
	By          auth.Actor
	HasKeys     bool
	HasSessions bool
	Retry       string
}

// A link leads to another page.
type link struct{ To, Text string }

// show answers with a page.
func (v *visit) show(status int, p page) error {
	if v.r.Method != http.MethodPost && v.fromHere() {
		p.Notice = notices[v.r.URL.Query().Get(noticeParam)]
	}
	p.By = v.by.Actor
	return v.console.show(v.w, status, p)
}

// fromHere reports whether the browser was sent by a page of the same origin, as far as it says so: the link of somebody else
// must not have a page tell what was not done.
func (v *visit) fromHere() bool {
	site := v.r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin"
}

// show writes a page once it is complete: half of one would look like all there is.
func (k *console) show(w http.ResponseWriter, status int, p page) error {
	p.Console, p.Path = k.config.Title, k.config.Path
	p.HasKeys, p.HasSessions = k.config.Keys != nil, k.config.Sessions != nil
	var b bytes.Buffer
	if err := templates[p.Name].ExecuteTemplate(&b, "frame", p); err != nil {
		return fmt.Errorf("console: page %s: %w", p.Name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone, if anything
	return nil
}

// refusals say what a status means here. Others are told by their usual text.
var refusals = map[int]struct{ Title, Text string }{
	http.StatusBadRequest:            {"This form cannot be read", "Go back, reload the page and try again."},
	http.StatusNotFound:              {"Nothing is here", "There is no such page, or what it was about is gone or not yours."},
	http.StatusMethodNotAllowed:      {"This does not work that way", "Go back and use the buttons of the page."},
	http.StatusRequestEntityTooLarge: {"This form is too large", "Go back and shorten what you typed."},
	http.StatusUnsupportedMediaType:  {"This is not a form", "Go back and use the buttons of the page."},
	http.StatusServiceUnavailable:    {"Not available right now", "A part of the system does not answer."},
	http.StatusInternalServerError:   {"Something went wrong", "It was written down for whoever runs this server."},
}

// showRefusal is the [auth.ErrorHandler] of refusals that are no question of who the visitor is.
func (k *console) showRefusal(w http.ResponseWriter, r *http.Request, e *auth.Error) {
	told, ok := refusals[e.Status]
	if !ok {
		told.Title = e.Message
	}
	p := page{Name: "refusal", Title: told.Title}
	switch {
	case e.Status < http.StatusInternalServerError:
	case r.Method == http.MethodPost:
		told.Text += " What you asked for may have been done all the same: look before you send it again."
	default:
		p.Retry = r.URL.RequestURI()
	}
	p.Body = told.Text
	if by, ok := auth.FromContext(r.Context()); ok {
		p.By = by.Actor
	}
	_ = k.show(w, e.Status, p) // the status is sent in any case
}
